import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const here = fileURLToPath(new URL('..', import.meta.url));
const custom = new URL('./fixtures/custom-source.mjs', import.meta.url).href;

test('the built package finds its worker from an ES module and from CommonJS', {
  timeout: 60_000,
}, async () => {
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

test('the browser bundle contains no Node module', async () => {
  const { metafile, outputFiles } = await build({
    stdin: { contents: "export * from '@unitsphere/data';", resolveDir: here },
    alias: { '@unitsphere/data': `${here}.cache/dist/browser.js` },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    metafile: true,
    write: false,
  });
  const inputs = Object.values(metafile.inputs).flatMap(({ imports }) => imports);
  expect(inputs.filter(({ external }) => external)).toEqual([]);
  expect(outputFiles[0].text).not.toMatch(/(import|require)\(?["' ]+(node:|sharp|@napi-rs)/);
});

test('the browser entry exports the same names as the Node entry', async () => {
  const [node, browser] = await Promise.all([
    import(`${here}.cache/dist/index.js`),
    import(`${here}.cache/dist/browser.js`),
  ]);
  expect(Object.keys(browser).sort()).toEqual(Object.keys(node).sort());
  const { exports } = JSON.parse(readFileSync(`${here}package.json`, 'utf8'));
  expect(exports['.'].browser.default).toBe('./dist/browser.js');
});

test('the browser entry reports unavailable features and what to use instead', async () => {
  const { BatchLoader, openSource } = await import(`${here}.cache/dist/browser.js`);
  await expect(openSource({ kind: 'folder', dir: 'photos' })).rejects.toThrow(
    /cannot read the folder "photos"/,
  );
  const source = { kind: 'documents', identities: 4, size: 32 };
  await expect(openSource(source)).rejects.toThrow(/give canvases: browserCanvasFactory/);
  const custom = { kind: 'module', module: new URL('./fixtures/custom-source.mjs', import.meta.url).href };
  const options = { source: custom, size: 8, batchSize: 4, seed: 1, workers: 1 };
  await expect(BatchLoader.create(options)).rejects.toThrow(/give createWorker/);
});
