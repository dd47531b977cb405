import type { CanvasFactory, Context2D, FontFile } from './canvas.js';

/** Where a browser finds a font file: an address, or the bytes themselves. */
export type FontLocator = (
  font: FontFile,
) => string | URL | ArrayBuffer | Promise<string | URL | ArrayBuffer>;

/** What is used of a FontFaceSet; the types of the DOM leave `add` to another library. */
interface FontSet {
  add(face: FontFace): unknown;
}

/**
 * Canvases in a browser page or worker: OffscreenCanvas and FontFace.
 * @param locate Where each font file is: your bundler's or server's address of `font.package` + `font.file`.
 * @throws Error if the browser has no OffscreenCanvas or FontFace, or if a font cannot be loaded.
 */
export function browserCanvasFactory(locate: FontLocator): CanvasFactory {
  if (typeof OffscreenCanvas === 'undefined' || typeof FontFace === 'undefined') {
    throw new Error('browserCanvasFactory: this environment has no OffscreenCanvas or no FontFace.');
  }
  // A worker keeps its fonts on the global scope, a page on its document.
  const scope = globalThis as unknown as { fonts?: FontSet; document?: { fonts: FontSet } };
  const fonts = scope.document?.fonts ?? scope.fonts;
  if (!fonts) throw new Error('browserCanvasFactory: this environment has no set of fonts to add to.');
  return {
    createCanvas(width, height) {
      const surface = new OffscreenCanvas(width, height);
      const context = surface.getContext('2d', { willReadFrequently: true });
      if (!context) throw new Error('browserCanvasFactory: the browser gave no 2D context.');
      return { surface, context: context as unknown as Context2D };
    },
    async loadFonts(files) {
      await Promise.all(
        files.map(async (font) => {
          const place = await locate(font);
          const source = place instanceof ArrayBuffer ? place : `url(${JSON.stringify(String(place))})`;
          const face = new FontFace(font.family, source, { weight: String(font.weight) });
          try {
            fonts.add(await face.load());
          } catch (cause) {
            throw new Error(`browserCanvasFactory: ${font.package}/${font.file} could not be loaded.`, {
              cause,
            });
          }
        }),
      );
    },
  };
}
