import { browserCanvasFactory, type CanvasFactory } from '@unitsphere/data';

// The scripts are one folder below the page, in the source and in the build. The variable hides the URL from the bundler.
const script = import.meta.url;
/** Returns the address of a file that is served next to the page. */
export const resolveServed = (path: string) => new URL(`../${path}`, script).href;

/** Address of TensorFlow.js's `.wasm` files; see served-files.ts. */
export const WASM_FOLDER = resolveServed('wasm/');

/** Creates the canvases for drawing documents, with the fonts that are served next to the page. */
export function createCanvasFactory(): CanvasFactory {
  return browserCanvasFactory(({ file }) => resolveServed(file.replace('files/', 'fonts/')));
}
