import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
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

/** Plugin for esbuild: NAME.browser.ts replaces NAME.ts. */
export const browserFiles = {
  name: 'NAME.browser.ts replaces NAME.ts',
  setup(build) {
    build.onResolve({ filter: /^\.\.?\/.*\.js$/ }, ({ path, resolveDir }) => {
      const replacement = join(resolveDir, path.replace(/\.js$/, '.browser.ts'));
      return existsSync(replacement) ? { path: replacement } : undefined;
    });
  },
} satisfies NonNullable<Options['esbuildPlugins']>[number];

/**
 * The builds of a package that differs in browsers: `node` as in `packageConfig`, and `dist/browser.js`, in which
 * `NAME.browser.ts` replaces `NAME.ts`. Both have the same types.
 */
export function nodeAndBrowserConfig(node: Partial<Options> = {}) {
  const browser = packageConfig({
    entry: { browser: 'src/index.ts' },
    format: ['esm'],
    platform: 'browser',
    esbuildPlugins: [browserFiles],
  });
  return defineConfig(
    ({ dts }) => (dts ? [packageConfig(node)] : [packageConfig(node), browser]) as Options[],
  );
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
