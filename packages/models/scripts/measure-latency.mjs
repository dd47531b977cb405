// Measures the time of one image, as a ratio to EfficientNet-Lite0 on ONNX Runtime, on one thread each. In Node it measures our WebAssembly
// kernels and, where they are built, the native ones.
//   npm run latency -w packages/models -- NAME      (requires tools/peers, and Chromium at CHROMIUM_PATH)
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@unitsphere/backends';
import { createEmbedder, loadEmbedder } from '@unitsphere/embedder';
import { nativeStatus } from '@unitsphere/native';
import { exportOnnx } from '@unitsphere/onnx-export';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const [name] = process.argv.slice(2);
if (!name) {
  console.error('Usage: npm run latency -w packages/models -- NAME');
  process.exit(2);
}
const ROUNDS = 7;
const ROUND_SECONDS = 1;
const folder = fileURLToPath(new URL(`../weights/${name}/`, import.meta.url));
const require = createRequire(import.meta.url);

await useBackend('wasm');
const { isa, detail } = nativeStatus();
const ours = await loadEmbedder(folder);
const side = ours.preprocessing.imageSize;
const ort = createRequire(new URL('../../../tools/peers/package.json', import.meta.url))('onnxruntime-node');
const onOneThread = {
  Tensor: ort.Tensor,
  InferenceSession: {
    create: (model, options) => ort.InferenceSession.create(model, { ...options, intraOpNumThreads: 1 }),
  },
};
const toOrt = async (embedder) =>
  loadEmbedder({ 'model.onnx': await exportOnnx(embedder) }, { runtime: 'onnx', onnxRuntime: onOneThread });
const lite0 = await createEmbedder({
  backbone: 'tf_efficientnet_lite0',
  neck: 'gap',
  head: 'none',
  imageSize: side,
});
const image = {
  width: side,
  height: side,
  data: Uint8Array.from({ length: side * side * 3 }, (_, i) => 128 + 100 * Math.sin(i / 97)),
};

/**
 * Returns a function that embeds for a second, and returns the tenth percentile of the times in milliseconds: other work on the machine
 * hardly affects the fastest images.
 */
const timeInNode = (embedder) => () => time(embedder, image, ROUND_SECONDS);

async function time(embedder, image, seconds) {
  const times = [];
  for (const end = performance.now() + 1000 * seconds; performance.now() < end; ) {
    const start = performance.now();
    await embedder.embed(image);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 10)];
}

/** Loads the model with WebAssembly kernels. A network's kernels are chosen when it is compiled, for its first image. */
async function loadWithoutNative() {
  const before = process.env.UNITSPHERE_NATIVE;
  process.env.UNITSPHERE_NATIVE = '0';
  try {
    const embedder = await loadEmbedder(folder);
    await embedder.embed(image);
    return embedder;
  } finally {
    if (before === undefined) delete process.env.UNITSPHERE_NATIVE;
    else process.env.UNITSPHERE_NATIVE = before;
  }
}

const page = await openPage();
const base = 'EfficientNet-Lite0 on onnxruntime-node';
const contenders = {
  [base]: timeInNode(await toOrt(lite0)),
  [`${name} on onnxruntime-node`]: timeInNode(await toOrt(ours)),
  ...(isa && { [`${name} in Node, native kernels`]: timeInNode(ours) }),
  [`${name} in Node, WebAssembly`]: timeInNode(await loadWithoutNative()),
  [`${name} in Chromium, WebAssembly`]: () =>
    page.evaluate((seconds) => globalThis.time(seconds), ROUND_SECONDS),
};
const times = Object.fromEntries(Object.keys(contenders).map((label) => [label, []]));
for (const time of Object.values(contenders)) await time();
for (let round = 0; round < ROUNDS; round++) {
  for (const [label, time] of Object.entries(contenders)) times[label].push(await time());
}
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
console.log(
  `One image of ${side} × ${side} pixels, median of ${ROUNDS} rounds of ${ROUND_SECONDS} s, on one thread`,
);
console.log(`Native kernels: ${detail}`);
for (const [label, values] of Object.entries(times)) {
  const ratio = median(values.map((value, i) => value / times[base][i]));
  console.log(`${label.padEnd(44)} ${median(values).toFixed(2).padStart(7)} ms  × ${ratio.toFixed(2)}`);
}
process.exit(0);

/** Opens a page with the model, whose `time(seconds)` returns the mean time of one image in milliseconds. */
async function openPage() {
  const camel = name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { useBackend } from '@unitsphere/backends';
        import { loadEmbedder } from '@unitsphere/embedder';
        import { ${camel} } from '@unitsphere/models';
        await useBackend('wasm', { wasmPaths: '/' });
        const embedder = await loadEmbedder(${camel});
        const side = ${side};
        const image = { width: side, height: side, data: new Uint8Array(side * side * 3).map((_, i) => 128 + 100 * Math.sin(i / 97)) };
        globalThis.time = (seconds) => (${time})(embedder, image, seconds);`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'error',
    external: ['onnxruntime-web', '@tensorflow/tfjs-backend-webgpu'],
  });
  const wasm = dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
  const server = createServer(({ url }, response) => {
    const type = url.endsWith('.wasm')
      ? 'application/wasm'
      : url.endsWith('.js')
        ? 'text/javascript'
        : 'text/html';
    const body = url.endsWith('.wasm')
      ? readFileSync(join(wasm, 'dist', url))
      : url === '/main.js'
        ? outputFiles[0].contents
        : '<script type="module" src="/main.js"></script>';
    response.writeHead(200, { 'content-type': type }).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  const opened = await browser.newPage();
  opened.on('pageerror', (error) => console.error(String(error)));
  await opened.goto(`http://127.0.0.1:${server.address().port}/`);
  await opened.waitForFunction(() => 'time' in globalThis, undefined, { timeout: 60_000 });
  return opened;
}
