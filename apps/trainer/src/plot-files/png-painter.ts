import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** The fonts of PNG files, in CSS: ours, so that letters are there, and the same, on machines without any. */
export const PNG_FONT = "'unitsphere plots', 'unitsphere plots ext'";

const FONT_FILES = ['latin-400', 'latin-700', 'latin-ext-400', 'latin-ext-700'];
/** Pixels for one of the SVG file's. */
const DENSITY = 2;

let fonts: Promise<void> | undefined;

/**
 * What makes PNG files of SVG text: Skia, which also draws the generated documents.
 * @throws Error where `@napi-rs/canvas` is not installed for this machine.
 */
export async function pngPainter(): Promise<(svg: string) => Promise<Uint8Array>> {
  const { createCanvas, GlobalFonts, loadImage } = await import('@napi-rs/canvas');
  const require = createRequire(import.meta.url);
  fonts ??= Promise.all(
    FONT_FILES.map((file) =>
      readFile(require.resolve(`@fontsource/pt-sans/files/pt-sans-${file}-normal.woff`)),
    ),
  ).then((files) => {
    files.forEach((bytes, i) => {
      GlobalFonts.register(bytes, `unitsphere plots${FONT_FILES[i].includes('ext') ? ' ext' : ''}`);
    });
  });
  await fonts;
  return async (svg) => {
    const image = await loadImage(Buffer.from(svg));
    const canvas = createCanvas(image.width * DENSITY, image.height * DENSITY);
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas.encode('png');
  };
}
