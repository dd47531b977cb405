import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { defineConfig, type Options } from 'tsup';

/**
 * The one build every package uses: ESM + CJS beside bundled declarations. Several entries share chunks, so that each class
 * exists once and `instanceof` works between entries.
 */
export function packageConfig(options: Partial<Options> = {}) {
  const entry = options.entry ?? ['src/index.ts'];
  const splitting = Object.keys(entry).length > 1;
  return defineConfig({
    entry,
    format: ['esm', 'cjs'],
    target: 'es2022',
    sourcemap: true,
    // Types are built by their own task; a clean here would delete them.
    clean: false,
    splitting,
    treeshake: true,
    ...(splitting && { onSuccess: removeOldChunks }),
    ...options,
  });
}

/** Removes chunks that no file imports. They accumulate because chunks are named by content and dist is not cleaned. */
export async function removeOldChunks(): Promise<void> {
  if (!existsSync('dist')) return;
  const files = readdirSync('dist').filter((file) => /\.c?js$/.test(file));
  const used = new Set(files.filter((file) => !/-[A-Z0-9]{8}\.c?js$/.test(file)));
  for (const file of used) {
    const text = readFileSync(`dist/${file}`, 'utf8');
    for (const other of files) if (text.includes(`./${other}`)) used.add(other);
  }
  for (const file of files) {
    if (used.has(file)) continue;
    rmSync(`dist/${file}`);
    rmSync(`dist/${file}.map`, { force: true });
  }
}
