import type { CanvasFactory, Context2D, FontFile, Surface } from './canvas.js';

interface NodeCanvasModule {
  createCanvas(width: number, height: number): Surface & { getContext(type: '2d'): unknown };
  loadImage(bytes: Uint8Array): Promise<Surface>;
  GlobalFonts: {
    register(font: Uint8Array, alias: string): unknown;
    readonly families: readonly { family: string; styles: readonly { weight: number }[] }[];
  };
}

/** Fonts already registered; this module is loaded once per thread. */
const registered = new Set<string>();

/**
 * Creates canvases and loads fonts in Node, with Skia on the CPU (`@napi-rs/canvas`, a prebuilt binary from npm).
 * Only the given font files are used, so machines with the same packages draw the same bytes.
 * @throws Error if `@napi-rs/canvas` or one of the font packages is not installed.
 */
export async function nodeCanvasFactory(): Promise<CanvasFactory> {
  // Variables keep bundlers for browsers from following these imports.
  const canvasPackage = '@napi-rs/canvas';
  const fsModule = 'node:fs/promises';
  const moduleModule = 'node:module';
  let canvas: NodeCanvasModule;
  try {
    const loaded = (await import(/* @vite-ignore */ canvasPackage)) as { default?: NodeCanvasModule };
    canvas = loaded.default ?? (loaded as NodeCanvasModule);
  } catch (cause) {
    throw new Error(
      'nodeCanvasFactory: cannot load @napi-rs/canvas. Install it with npm, including optional dependencies; in a ' +
        'browser give canvases: browserCanvasFactory(...).',
      { cause },
    );
  }
  const { readFile } = (await import(/* @vite-ignore */ fsModule)) as typeof import('node:fs/promises');
  const { createRequire } = (await import(/* @vite-ignore */ moduleModule)) as typeof import('node:module');
  const require = createRequire(typeof __filename === 'string' ? __filename : import.meta.url);

  return {
    createCanvas(width, height) {
      const surface = canvas.createCanvas(width, height);
      return { surface, context: surface.getContext('2d') as Context2D };
    },
    loadSvg: (svg) => canvas.loadImage(Buffer.from(svg)),
    async loadFonts(files: readonly FontFile[]) {
      const missing = files.filter((font) => !registered.has(`${font.family} ${font.weight}`));
      const bytes = await Promise.all(
        missing.map(async (font) => {
          try {
            return await readFile(require.resolve(`${font.package}/${font.file}`));
          } catch (cause) {
            throw new Error(
              `nodeCanvasFactory: the font file ${font.package}/${font.file} is missing; run npm install.`,
              { cause },
            );
          }
        }),
      );
      // Worker threads share one font collection, so another thread may have registered a font already.
      const known = new Set(
        canvas.GlobalFonts.families.flatMap(({ family, styles }) =>
          styles.map((s) => `${family} ${s.weight}`),
        ),
      );
      missing.forEach((font, i) => {
        const name = `${font.family} ${font.weight}`;
        if (
          !registered.has(name) &&
          !known.has(name) &&
          !canvas.GlobalFonts.register(bytes[i], font.family)
        ) {
          throw new Error(
            `nodeCanvasFactory: cannot read the font ${font.package}/${font.file}; run npm install.`,
          );
        }
        registered.add(name);
      });
    },
  };
}
