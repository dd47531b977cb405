import type { CanvasFactory, Context2D, FontFile, Surface } from './canvas.js';

interface NodeCanvasModule {
  createCanvas(width: number, height: number): Surface & { getContext(type: '2d'): unknown };
  GlobalFonts: {
    register(font: Uint8Array, alias: string): unknown;
    readonly families: readonly { family: string; styles: readonly { weight: number }[] }[];
  };
}

/** Fonts are registered once for the process or the worker thread, whichever loads this module. */
const registered = new Set<string>();

/**
 * Canvases in Node, drawn on the CPU by Skia (`@napi-rs/canvas`, a prebuilt binary that npm installs).
 * Only the given font files are used, so that two machines with the same packages draw the same bytes.
 * @throws Error if `@napi-rs/canvas` or one of the font packages is not installed.
 */
export async function nodeCanvasFactory(): Promise<CanvasFactory> {
  // The names are kept in variables so that bundlers for browsers do not follow them.
  const canvasPackage = '@napi-rs/canvas';
  const fsModule = 'node:fs/promises';
  const moduleModule = 'node:module';
  let canvas: NodeCanvasModule;
  try {
    const loaded = (await import(/* @vite-ignore */ canvasPackage)) as { default?: NodeCanvasModule };
    canvas = loaded.default ?? (loaded as NodeCanvasModule);
  } catch (cause) {
    throw new Error(
      'nodeCanvasFactory: @napi-rs/canvas could not be loaded. Install it again with npm (optional dependencies ' +
        'included); in a browser give browserCanvasFactory(...) instead.',
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
    async loadFonts(files: readonly FontFile[]) {
      const missing = files.filter((font) => !registered.has(`${font.family} ${font.weight}`));
      const bytes = await Promise.all(
        missing.map(async (font) => {
          try {
            return await readFile(require.resolve(`${font.package}/${font.file}`));
          } catch (cause) {
            throw new Error(
              `nodeCanvasFactory: the font file ${font.package}/${font.file} is missing; run npm install again.`,
              { cause },
            );
          }
        }),
      );
      // Worker threads share one font collection: what another thread has registered is there already.
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
            `nodeCanvasFactory: ${font.package}/${font.file} is not a font the canvas can read.`,
          );
        }
        registered.add(name);
      });
    },
  };
}
