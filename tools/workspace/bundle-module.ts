import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildShared } from './build-shared.ts';

const root = new URL('../../', import.meta.url);

/**
 * Bundles a module of the present source, so that plain Node runs it, in a process or on a thread; gives its path.
 * @param from The caller's `import.meta.url`, to which path is relative.
 */
export function bundleModule(path: string, from: string): string {
  const entry = fileURLToPath(new URL(path, from));
  const name = relative(fileURLToPath(root), entry).replace(/\.ts$/, '.mjs');
  // Inside the repository, so that what is not bundled is found.
  const outfile = fileURLToPath(new URL(`.cache/test/${name}`, root));
  buildShared({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['@tensorflow/*'],
  });
  return outfile;
}
