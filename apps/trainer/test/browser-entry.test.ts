// Bundles the browser entries from source, as a page's bundler would.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const file = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

async function bundle(entry: string) {
  const { metafile } = await build({
    entryPoints: [file(entry)],
    outdir: file('.cache'),
    bundle: true,
    write: false,
    metafile: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    // External, so that an import of them is listed instead of an error of the bundler.
    external: ['node:*', 'sharp', '@napi-rs/canvas'],
    logLevel: 'silent',
  });
  const inputs = Object.entries(metafile.inputs);
  return {
    foreign: inputs.flatMap(([path, { imports }]) =>
      imports
        // `<runtime>` has esbuild's own helpers.
        .filter((imported) => imported.external && imported.path !== '<runtime>')
        .map((imported) => `${path} imports ${imported.path}`),
    ),
    files: inputs.map(([path]) => path),
  };
}

test.each(['src/browser.ts', 'src/report.ts'])('%s imports nothing from Node', async (entry) => {
  expect((await bundle(entry)).foreign).toEqual([]);
});

test('the browser entry shares the training loop with the command line', async () => {
  const { files } = await bundle('src/browser.ts');
  for (const shared of [
    'train/training-loop',
    'step/training-step',
    'step/training-state',
    'step/checkpoint-files',
    'train/results',
  ]) {
    expect(
      files.some((path) => path.endsWith(`src/${shared}.ts`)),
      shared,
    ).toBe(true);
  }
  expect(files.filter((path) => path.includes('apps/trainer/src/run/') || /^src\/run\//.test(path))).toEqual(
    [],
  );
});

test('the bundle lists imports from Node, if any', async () => {
  expect((await bundle('src/run/lock.ts')).foreign).not.toEqual([]);
  await expect(bundle('src/train/run-training.ts')).rejects.toThrow(/Could not resolve/);
});
