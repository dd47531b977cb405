import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** The CSS fonts of PNG files: built-in, so that text looks the same on machines without fonts. */
export const PNG_FONT = "'unitsphere plots', 'unitsphere plots ext'";

const FONT_FILES = ['latin-400', 'latin-700', 'latin-ext-400', 'latin-ext-700'];
/** PNG pixels per SVG pixel. */
const DENSITY = 2;

let fonts: Promise<void> | undefined;

/**
 * Returns a function that renders SVG text as PNG with Skia.
 * @throws Error if `@napi-rs/canvas` is not installed for this platform.
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
