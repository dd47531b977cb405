// Writes test/files/gallery.safetensors, which tools/golden/gallery_file.py reads with Python.
//   node packages/recognition/scripts/gallery-fixture.mjs
import { rmSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const bundle = path(`.fixture-${process.pid}.mjs`);
await build({
  stdin: {
    contents: `export { openFileStore } from './src/file.ts'; export * from './test/store/gallery-fixture.ts';`,
    resolveDir: path('.'),
    loader: 'ts',
  },
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
});
try {
  const { openFileStore, fixtureHeader, fixtureTransactions } = await import(pathToFileURL(bundle).href);
  const file = path('test/files/gallery.safetensors');
  rmSync(file, { force: true });
  const store = await openFileStore(file, { header: fixtureHeader });
  for (const changes of fixtureTransactions) await store.write(changes);
  await store.close();
} finally {
  rmSync(bundle, { force: true });
}
