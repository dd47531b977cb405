// Runs the exported ONNX files of every backbone, neck and norm on onnxruntime-web in headless Chromium, on WebAssembly and on
// WebGPU (SwiftShader without a graphics card), and compares them with our embeddings.
//   node tools/golden/onnx-in-chromium.mjs RESULTS.json [BACKBONE…]      (after npm run build; default: every backbone)
// RESULTS.json is written after each backbone and continued if it exists, because SwiftShader takes hours for all. The table is
// printed at the end. The exit status is 1 if a difference exceeds 1e-4.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomicSync } from '@unitsphere/core/disk';
import { chromium } from 'playwright-core';

const TOLERANCE = 1e-4;
const PROVIDERS = ['wasm', 'webgpu'];
const FLAGS = ['--no-sandbox', '--disable-quic', '--enable-unsafe-webgpu', '--enable-unsafe-swiftshader'];
const ORIGIN = 'http://localhost';
const exporter = fileURLToPath(new URL('export-onnx.mjs', import.meta.url));
const runtimeFolder = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));

const [output, ...chosen] = process.argv.slice(2);
if (!output) {
  console.error('Usage: node tools/golden/onnx-in-chromium.mjs RESULTS.json [BACKBONE…]');
  process.exit(2);
}
/** @type {{ chromium?: string, runtime?: string, backbones: Record<string, Record<string, { files: number, largest: number }>> }} */
const results = existsSync(output) ? JSON.parse(readFileSync(output, 'utf8')) : { backbones: {} };
const all = execFileSync(process.execPath, [exporter], { encoding: 'utf8' }).trim().split('\n');

for (const backbone of chosen.length > 0 ? chosen : all) {
  const missing = PROVIDERS.filter((provider) => !results.backbones[backbone]?.[provider]);
  if (missing.length === 0) continue;
  const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
  try {
    execFileSync(process.execPath, [exporter, folder, backbone]);
    for (const provider of missing) {
      const found = await runFiles(folder, provider);
      results.backbones[backbone] = { ...results.backbones[backbone], [provider]: found };
      writeFileAtomicSync(output, `${JSON.stringify(results, null, 2)}\n`);
      console.error(`${backbone}, ${provider}: ${found.files} files, largest difference ${found.largest}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const cell = (entry) => (entry ? `${entry.largest.toExponential(1)} (${entry.files})` : '–');
console.log(
  `onnxruntime-web ${results.runtime} in Chromium ${results.chromium}: largest difference of a value, and number of files`,
);
console.log(`\n| backbone | ${PROVIDERS.join(' | ')} |\n|---|---|---|`);
for (const [backbone, by] of Object.entries(results.backbones)) {
  console.log(`| ${backbone} | ${PROVIDERS.map((provider) => cell(by[provider])).join(' | ')} |`);
}
const worst = Object.values(results.backbones).flatMap((by) =>
  Object.values(by).map(({ largest }) => largest),
);
process.exitCode = worst.every((largest) => largest < TOLERANCE) ? 0 : 1;

/** Runs every .onnx file of a folder. @returns The number of files and the largest difference. */
async function runFiles(folder, provider) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: FLAGS,
  });
  try {
    results.chromium = browser.version();
    results.runtime = JSON.parse(readFileSync(join(runtimeFolder, '../package.json'), 'utf8')).version;
    const page = await browser.newPage();
    await page.route(`${ORIGIN}/**`, (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === '/') return route.fulfill({ contentType: 'text/html', body: '<!doctype html>' });
      const [, from, name] = pathname.split('/');
      const contentType = name.endsWith('.wasm') ? 'application/wasm' : 'text/javascript';
      const file = join(from === 'ort' ? runtimeFolder : folder, basename(name));
      return route.fulfill({ contentType, body: readFileSync(file) });
    });
    await page.goto(`${ORIGIN}/`);
    const names = readdirSync(folder).filter((name) => name.endsWith('.onnx'));
    let largest = 0;
    for (const name of names) {
      const found = await page.evaluate(runInPage, { name, provider });
      const bytes = readFileSync(join(folder, name.replace(/onnx$/, 'f32')));
      const ours = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
      if (found.length !== ours.length) throw new Error(`${name} has ${found.length} values.`);
      // Written so that NaN is the largest.
      for (const [i, value] of found.entries()) {
        const difference = Math.abs(value - ours[i]);
        if (!(difference <= largest)) largest = Number.isNaN(difference) ? Number.MAX_VALUE : difference;
      }
    }
    return { files: names.length, largest };
  } finally {
    await browser.close();
  }
}

/** Runs in the page. */
async function runInPage({ name, provider }) {
  const ort = await import('/ort/ort.webgpu.min.mjs');
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  const fetchBytes = async (file) => (await fetch(`/files/${file}`)).arrayBuffer();
  const session = await ort.InferenceSession.create(new Uint8Array(await fetchBytes(name)), {
    executionProviders: [provider],
  });
  try {
    const values = new Float32Array(await fetchBytes('images.f32'));
    const side = Math.sqrt(values.length / 6);
    const images = new ort.Tensor('float32', values, [2, 3, side, side]);
    const { embeddings } = await session.run({ pixel_values: images });
    return Array.from(await embeddings.getData());
  } finally {
    await session.release();
  }
}
