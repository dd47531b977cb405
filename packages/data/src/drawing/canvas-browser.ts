import type { CanvasFactory, Context2D, FontFile } from './canvas.js';

/** Locates a font file for a browser: returns its URL or its bytes. */
export type FontLocator = (
  font: FontFile,
) => string | URL | ArrayBuffer | Promise<string | URL | ArrayBuffer>;

/** The part of FontFaceSet that is used; TypeScript's DOM library lacks `add`. */
interface FontSet {
  add(face: FontFace): unknown;
}

/**
 * Creates canvases and loads fonts in a browser page or worker, with OffscreenCanvas and FontFace.
 * @param locate Returns the URL (or the bytes) of a font file, given its `package` and `file`.
 * @throws Error if the environment has no OffscreenCanvas or FontFace; `loadFonts` throws if a font cannot be loaded.
 */
export function browserCanvasFactory(locate: FontLocator): CanvasFactory {
  if (typeof OffscreenCanvas === 'undefined' || typeof FontFace === 'undefined') {
    throw new Error(
      'browserCanvasFactory: this environment has no OffscreenCanvas or no FontFace; call it in a browser.',
    );
  }
  // A worker keeps its fonts on the global scope, a page on its document.
  const scope = globalThis as unknown as { fonts?: FontSet; document?: { fonts: FontSet } };
  const fonts = scope.document?.fonts ?? scope.fonts;
  if (!fonts)
    throw new Error(
      'browserCanvasFactory: this environment has no FontFaceSet; call it in a browser page or worker.',
    );
  return {
    createCanvas(width, height) {
      const surface = new OffscreenCanvas(width, height);
      const context = surface.getContext('2d', { willReadFrequently: true });
      if (!context) throw new Error('browserCanvasFactory: the browser provides no 2D context.');
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
            throw new Error(
              `browserCanvasFactory: cannot load ${font.package}/${font.file}; check the URL from locate.`,
              {
                cause,
              },
            );
          }
        }),
      );
    },
  };
}
