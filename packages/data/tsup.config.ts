import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Options } from 'tsup';
import { packageConfig } from '../../tsup.base.ts';

// Splitting (ESM) puts code that needs the file system into chunks that are loaded on demand.
const node = packageConfig({
  entry: ['src/index.ts', 'src/worker.ts'],
  splitting: undefined,
  removeNodeProtocol: false,
  onSuccess: removeOldChunks,
});

// The same module for browsers, without Node modules.
const browser = packageConfig({
  entry: { browser: 'src/index.ts' },
  format: ['esm'],
  platform: 'browser',
  esbuildPlugins: [
    {
      name: 'NAME.browser.ts replaces NAME.ts',
      setup(build) {
        build.onResolve({ filter: /^\.\.?\/.*\.js$/ }, ({ path, resolveDir }) => {
          const replacement = join(resolveDir, path.replace(/\.js$/, '.browser.ts'));
          return existsSync(replacement) ? { path: replacement } : undefined;
        });
      },
    },
  ],
});

// Both builds have the same types.
export default defineConfig(({ dts }) => (dts ? [node] : [node, browser]) as Options[]);

/** Removes chunks that no file imports. They accumulate because chunks are named by content and dist is not cleaned. */
async function removeOldChunks() {
  if (!existsSync('dist')) return;
  const isChunk = (file: string) => /-[A-Z0-9]{8}\.js$/.test(file);
  const files = readdirSync('dist').filter((file) => file.endsWith('.js'));
  const used = new Set(files.filter((file) => !isChunk(file)));
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
