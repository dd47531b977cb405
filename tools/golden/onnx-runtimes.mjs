// Runs the exported ONNX files of every backbone, neck and norm on ONNX Runtime in Node, in Python, and in headless Chromium on
// WebAssembly and WebGPU (SwiftShader without a graphics card), and compares the embeddings with ours.
//   node tools/golden/onnx-runtimes.mjs RESULTS.json [OPTIONS] [BACKBONE…]      (after npm run build)
// Options: [--python PYTHON] [--webgpu each|once] [--only NECK-NORM]
// With `--webgpu once`, the default, WebGPU runs one neck and norm of each backbone, and all of them for one backbone. SwiftShader
// compiles the shaders of a backbone for 8 s or more. RESULTS.json is written after each file in Chromium and continued if it exists.
// PYTHON has the packages of tools/golden/requirements.txt; default: python3. The exit status is 1 if a difference exceeds 1e-4.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { writeFileAtomicSync } from '@unitsphere/core/disk';
import { chromium } from 'playwright-core';
import { serveFolders } from './serve-folders.mjs';

const TOLERANCE = 1e-4;
const FLAGS = ['--no-sandbox', '--disable-quic', '--enable-unsafe-webgpu', '--enable-unsafe-swiftshader'];
const RUNTIMES = ['node', 'python', 'wasm', 'webgpu'];
/** The backbone whose necks and norms all run on WebGPU, and the neck and norm that run for each backbone. */
const ONCE = { backbone: 'lcnet_050', file: 'squeeze-layernorm-batchnorm' };
const script = (name) => fileURLToPath(new URL(name, import.meta.url));
const runtimeFolder = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
const run = promisify(execFile);

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: 'string', default: 'python3' },
    webgpu: { type: 'string', default: 'once' },
    only: { type: 'string' },
  },
});
const [output, ...chosen] = positionals;
if (!output || !['each', 'once'].includes(options.webgpu)) {
  console.error(
    'Usage: node tools/golden/onnx-runtimes.mjs RESULTS.json [--python PYTHON] [--webgpu each|once] [--only NECK-NORM] [BACKBONE…]',
  );
  process.exit(2);
}
/** @type {{ versions: Record<string, string>, backbones: Record<string, Record<string, Record<string, number>>> }} */
const results = existsSync(output)
  ? JSON.parse(readFileSync(output, 'utf8'))
  : { versions: {}, backbones: {} };
const version = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
const peers = createRequire(new URL('../peers/package.json', import.meta.url));
results.versions.node = `onnxruntime-node ${peers('onnxruntime-node/package.json').version}`;

const all = (await run(process.execPath, [script('export-onnx.mjs')])).stdout.trim().split('\n');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: FLAGS,
});
results.versions.web = `onnxruntime-web ${version(join(runtimeFolder, '..'))} in Chromium ${browser.version()}`;
const work = await mkdtemp(join(tmpdir(), 'onnx-'));
const server = await serveFolders({ files: work, ort: runtimeFolder });
/** One page for each provider: the device of a page keeps its compiled shaders for the next file. */
const pages = new Map();
try {
  for (const backbone of chosen.length > 0 ? chosen : all) await runBackbone(backbone);
} finally {
  await browser.close();
  server.close();
  rmSync(work, { recursive: true });
}
console.log(formatTable());
const differences = Object.values(results.backbones).flatMap((by) =>
  Object.values(by).flatMap(Object.values),
);
process.exitCode = differences.every((difference) => difference < TOLERANCE) ? 0 : 1;

/** Exports a backbone with every neck and norm, and runs the files that the results lack. */
async function runBackbone(backbone) {
  const by = results.backbones[backbone] ?? {};
  results.backbones[backbone] = by;
  const isEach = options.webgpu === 'each' || backbone === ONCE.backbone;
  const necessary = (runtime, names) => {
    if (options.only) return [options.only];
    return runtime === 'webgpu' && !isEach ? [ONCE.file] : names;
  };
  const missing = (runtime, names) =>
    necessary(runtime, names).filter((name) => by[runtime]?.[name] === undefined);
  if (by.node && RUNTIMES.every((runtime) => missing(runtime, Object.keys(by.node)).length === 0)) return;
  const folder = join(work, backbone);
  mkdirSync(folder);
  try {
    const only = options.only ? [options.only] : [];
    const exported = await run(process.execPath, [script('export-onnx.mjs'), folder, backbone, ...only]);
    by.node = { ...by.node, ...parseDifferences(exported.stdout) };
    const names = Object.keys(by.node);
    if (missing('python', names).length > 0) {
      const { stdout } = await run(options.python, [script('check_onnx.py'), folder]);
      const [versions, ...lines] = stdout.split('\n');
      results.versions.python = `${versions} in Python`;
      by.python = { ...by.python, ...parseDifferences(lines.join('\n')) };
    }
    for (const provider of ['wasm', 'webgpu'])
      for (const name of missing(provider, names)) {
        by[provider] = { ...by[provider], [name]: await runInChromium(backbone, provider, name) };
        writeFileAtomicSync(output, `${JSON.stringify(results, null, 2)}\n`);
      }
    writeFileAtomicSync(output, `${JSON.stringify(results, null, 2)}\n`);
    console.error(`${backbone}: ${RUNTIMES.map((runtime) => `${runtime} ${cell(by[runtime])}`).join(', ')}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Reads lines of a name and a difference. */
function parseDifferences(text) {
  const lines = text.split('\n').filter(Boolean);
  return Object.fromEntries(lines.map((line) => [line.split(' ')[0], Number(line.split(' ')[1])]));
}

/** Returns the page in which a provider runs. */
async function openPage(provider) {
  let page = pages.get(provider);
  if (page) return page;
  page = await browser.newPage();
  await page.goto(server.address, { timeout: 0 });
  pages.set(provider, page);
  return page;
}

/** Runs a file of a backbone's folder in Chromium. @returns The largest difference. */
async function runInChromium(backbone, provider, name) {
  const page = await openPage(provider);
  const theirs = await page.evaluate(runInPage, { folder: backbone, name: `${name}.onnx`, provider });
  const bytes = readFileSync(join(work, backbone, `${name}.f32`));
  const ours = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  if (theirs.length !== ours.length) throw new Error(`${name} has ${theirs.length} values.`);
  let largest = 0;
  // Written so that NaN is the largest.
  for (const [i, value] of theirs.entries()) {
    const difference = Math.abs(value - ours[i]);
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Number.MAX_VALUE : difference;
  }
  return largest;
}

/** Runs in the page. */
async function runInPage({ folder, name, provider }) {
  const ort = await import('/ort/ort.webgpu.min.mjs');
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  const fetchBytes = async (file) => (await fetch(`/files/${folder}/${file}`)).arrayBuffer();
  const session = await ort.InferenceSession.create(new Uint8Array(await fetchBytes(name)), {
    executionProviders: [provider],
  });
  // The device keeps its compiled shaders while it has a session: the earlier one is released after the next one is created.
  await globalThis.earlier?.release();
  globalThis.earlier = session;
  const values = new Float32Array(await fetchBytes('images.f32'));
  const side = Math.sqrt(values.length / 6);
  const images = new ort.Tensor('float32', values, [2, 3, side, side]);
  const { embeddings } = await session.run({ pixel_values: images });
  return Array.from(await embeddings.getData());
}

function cell(by) {
  if (!by) return '–';
  const differences = Object.values(by);
  return `${Math.max(...differences).toExponential(1)} (${differences.length})`;
}

function formatTable() {
  const titles = ['onnxruntime-node', 'Python', 'Chromium, WebAssembly', 'Chromium, WebGPU'];
  const { node, python, web } = results.versions;
  return [
    `Versions: ${[node, python, web].filter(Boolean).join('; ')}.`,
    '',
    `| backbone | ${titles.join(' | ')} |`,
    `|---|${titles.map(() => '---:|').join('')}`,
    ...Object.entries(results.backbones).map(
      ([backbone, by]) => `| ${backbone} | ${RUNTIMES.map((runtime) => cell(by[runtime])).join(' | ')} |`,
    ),
  ].join('\n');
}
