import { defineConfig, type Options } from 'tsup';

/** The one build every package uses: ESM + CJS beside bundled declarations. */
export function packageConfig(options: Partial<Options> = {}) {
  return defineConfig({
    entry: ['src/index.ts'],
    format: ['esm', 'cjs'],
    target: 'es2022',
    sourcemap: true,
    // Types are built by their own task; a clean here would delete them.
    clean: false,
    splitting: false,
    treeshake: true,
    ...options,
  });
}
