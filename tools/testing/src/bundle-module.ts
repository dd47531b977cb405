import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildShared } from './build-shared.js';

const root = new URL('../../../', import.meta.url);

/**
 * Bundles a module of the current source, so that plain Node can run it in a process or a worker thread.
 * @param path Path of the module, relative to `from`.
 * @param from The caller's `import.meta.url`.
 * @returns The path of the bundle.
 */
export function bundleModule(path: string, from: string): string {
  const entry = fileURLToPath(new URL(path, from));
  const name = relative(fileURLToPath(root), entry).replace(/\.ts$/, '.mjs');
  // The bundle lies inside the repository, so that external packages resolve.
  const outfile = fileURLToPath(new URL(`.cache/test/${name}`, root));
  buildShared({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['@tensorflow/*', 'koffi', 'pg'],
    // The bundled entries of @unitsphere/core import chunks that have no side effects.
    logOverride: { 'ignored-bare-import': 'silent' },
  });
  return outfile;
}
