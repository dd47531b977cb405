// Exports the shipped model for transformers.js, loads the folder by pipeline('image-feature-extraction') in Node and in headless
// Chromium, and compares the embeddings of real photographs with those of `embed`.
//   node tools/golden/transformers-photographs.mjs IMAGES [COUNT]      (after npm run build; IMAGES: a folder of JPEG files)
// Every other chosen photograph calibrates the int8 file; the others are compared. Prints a table. The exit status is 1 if a cosine
// in float32 or float16, or the mean cosine in int8 (q8), is below 0.999.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { useBackend } from '@unitsphere/backends';
import { loadEmbedder } from '@unitsphere/embedder';
import { documentSmall } from '@unitsphere/models';
import { exportTransformers } from '@unitsphere/onnx-export';
import { saveFolder } from '@unitsphere/onnx-export/node';
import { chromium } from 'playwright-core';
import { serveFolders } from './serve-folders.mjs';

const LEAST = 0.999;
const DTYPES = ['fp32', 'fp16', 'q8'];
const [images, count = '50'] = process.argv.slice(2);
if (!images || !existsSync(images)) {
  console.error('Usage: node tools/golden/transformers-photographs.mjs IMAGES [COUNT]');
  process.exit(2);
}
const peers = createRequire(new URL('../peers/package.json', import.meta.url));
const library = dirname(peers.resolve('@huggingface/transformers'));
const runtimeFolder = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
const all = readdirSync(images, { recursive: true })
  .filter((name) => /\.jpe?g$/i.test(name))
  .sort();
const chosen = Array.from({ length: 2 * count }, (_, i) => all[Math.floor((i * all.length) / (2 * count))]);
const tested = chosen.filter((_, i) => i % 2 === 0);
const toPath = (name) => join(images, name);

await useBackend('wasm');
const embedder = await loadEmbedder(documentSmall);
const ours = await embedder.embed(tested.map(toPath));
const folder = mkdtempSync(join(tmpdir(), 'transformers-'));
try {
  const calibration = {
    runtime: peers('onnxruntime-node'),
    images: chosen.filter((_, i) => i % 2 === 1).map(toPath),
  };
  await saveFolder(join(folder, 'model'), await exportTransformers(embedder, { calibration }));
  const { env, pipeline } = await import(pathToFileURL(join(library, 'transformers.node.mjs')).href);
  const rows = [...(await runInNode(env, pipeline)), ...(await runInChromium())];
  console.log(
    `transformers.js ${env.version}: cosine with \`embed\` on ${tested.length} photographs; document-small, fingerprint ${embedder.fingerprint.slice(0, 8)}, int8 calibrated on ${chosen.length - tested.length} other photographs\n`,
  );
  console.log('| runtime | dtype | mean | smallest |\n|---|---|---:|---:|');
  for (const { runtime, dtype, mean, smallest } of rows)
    console.log(`| ${runtime} | ${dtype} | ${mean.toFixed(5)} | ${smallest.toFixed(5)} |`);
  const isClose = ({ dtype, mean, smallest }) => (dtype === 'q8' ? mean : smallest) >= LEAST;
  process.exitCode = rows.every(isClose) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** Compares embeddings with ours. */
function summarize(runtime, dtype, theirs) {
  const cosines = ours.map((row, n) => row.reduce((sum, value, i) => sum + value * theirs[n][i], 0));
  const mean = cosines.reduce((a, b) => a + b, 0) / cosines.length;
  return { runtime, dtype, mean, smallest: cosines.reduce((a, b) => Math.min(a, b)) };
}

async function runInNode(env, pipeline) {
  env.allowRemoteModels = false;
  env.localModelPath = folder;
  const rows = [];
  for (const dtype of DTYPES) {
    const extract = await pipeline('image-feature-extraction', 'model', { dtype });
    const found = [];
    for (const name of tested) found.push((await extract(toPath(name))).data);
    await extract.dispose();
    rows.push(summarize('Node', dtype, found));
  }
  return rows;
}

async function runInChromium() {
  const server = await serveFolders({ models: folder, images, ort: runtimeFolder, transformers: library });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-quic'],
  });
  try {
    const page = await browser.newPage();
    await page.goto(server.address);
    const addresses = tested.map(
      (name) => `${server.address}images/${name.split('/').map(encodeURIComponent).join('/')}`,
    );
    const rows = [];
    for (const dtype of DTYPES) {
      const found = await page.evaluate(runInPage, { dtype, addresses });
      rows.push(summarize(`Chromium ${browser.version()}, WebAssembly`, dtype, found));
    }
    return rows;
  } finally {
    await browser.close();
    server.close();
  }
}

/** Runs in the page. */
async function runInPage({ dtype, addresses }) {
  const { env, pipeline } = await import('/transformers/transformers.min.js');
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = '/models/';
  env.backends.onnx.wasm.wasmPaths = '/ort/';
  env.backends.onnx.wasm.numThreads = 1;
  const extract = await pipeline('image-feature-extraction', 'model', { dtype, device: 'wasm' });
  const found = [];
  for (const address of addresses) found.push(Array.from((await extract(address)).data));
  await extract.dispose();
  return found;
}
