import { browserCanvasFactory, type CanvasFactory } from '@unitsphere/data';

// Both the source and the built scripts lie one folder below the page. In a variable, so that the build leaves it as it is.
const script = import.meta.url;
const beside = (path: string) => new URL(`../${path}`, script).href;

/** Where TensorFlow.js's `.wasm` files lie; see served-files.ts. */
export const WASM_FOLDER = beside('wasm/');

/** Where documents are drawn, with the fonts that are served beside the page. */
export function canvases(): CanvasFactory {
  return browserCanvasFactory(({ file }) => beside(file.replace('files/', 'fonts/')));
}
