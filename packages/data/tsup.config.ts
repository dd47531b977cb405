import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig, type Options } from 'tsup';
import { packageConfig } from '../../tsup.base.ts';

// Splitting puts code that needs the file system into chunks that are loaded on demand.
const node = packageConfig({
  entry: ['src/index.ts', 'src/worker.ts'],
  removeNodeProtocol: false,
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
