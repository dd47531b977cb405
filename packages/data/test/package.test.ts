import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const here = fileURLToPath(new URL('..', import.meta.url));
const custom = new URL('./fixtures/custom-source.mjs', import.meta.url).href;

it('as built, finds its worker from an ES module and from CommonJS', { timeout: 60_000 }, async () => {
  rmSync(`${here}.cache/dist`, { recursive: true, force: true });
  const tsup = fileURLToPath(new URL('../../../node_modules/tsup/dist/cli-default.js', import.meta.url));
  await run(process.execPath, [tsup, '--out-dir', '.cache/dist', '--no-dts'], { cwd: here });
  const main = `(async () => {
    const source = { kind: 'module', module: ${JSON.stringify(custom)} };
    const loader = await BatchLoader.create({ source, size: 8, batchSize: 4, seed: 1, workers: 1 });
    const { step, images } = await loader.next();
    console.log(step, images.length, images.reduce((sum, value) => sum + value, 0));
    await loader.close();
  })();`;
  writeFileSync(`${here}.cache/try.mjs`, `import { BatchLoader } from './dist/index.js';\n${main}`);
  writeFileSync(`${here}.cache/try.cjs`, `const { BatchLoader } = require('./dist/index.cjs');\n${main}`);
  const outputs = await Promise.all(
    ['try.mjs', 'try.cjs'].map((file) => run(process.execPath, [`${here}.cache/${file}`])),
  );
  expect(outputs[0].stdout).toMatch(/^0 768 \d+\n$/);
  expect(outputs[1].stdout).toBe(outputs[0].stdout);
});

it('can be bundled for a browser: nothing of Node is imported until a folder or a worker is asked for', async () => {
  const { metafile } = await build({
    entryPoints: [`${here}.cache/dist/index.js`],
    outdir: `${here}.cache/browser`,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    external: ['node:*', 'sharp', '@napi-rs/canvas'],
    metafile: true,
    write: false,
  });
  const outputs = new Map(Object.entries(metafile.outputs));
  const entry = [...outputs].find(([, output]) => output.entryPoint?.endsWith('dist/index.js'))!;
  const reached = new Set([entry[0]]);
  const foreign: string[] = [];
  for (const path of reached) {
    for (const { path: imported, kind, external } of outputs.get(path)!.imports) {
      if (kind !== 'import-statement') continue;
      if (external) foreign.push(imported);
      else reached.add(imported);
    }
  }
  expect(foreign).toEqual([]);
  expect(
    [...outputs.values()]
      .flatMap(({ imports }) => imports)
      .some(({ path }) => path === 'node:worker_threads'),
  ).toBe(true);
});
