// Builds bench/replicas.ts from the current source and runs it.
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const outfile = fileURLToPath(
  new URL('../node_modules/.cache/unitsphere-bench/replicas.mjs', import.meta.url),
);
buildSync({
  entryPoints: [fileURLToPath(new URL('./replicas.ts', import.meta.url))],
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  outfile,
});
await import(outfile);
