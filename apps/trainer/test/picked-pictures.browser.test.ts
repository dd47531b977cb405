/** Trains in headless Chromium on pictures that a visitor picks. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isChromiumInstalled, launchChromium } from '@unitsphere/testing/chromium';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const here = fileURLToPath(new URL('.', import.meta.url));
const require = createRequire(import.meta.url);
const IDENTITIES = 10;

/** The page: picks a folder, trains, and returns what happened. */
const PAGE = `
import { labelFiles, openSource } from '@unitsphere/data';
import { parseConfig, trainInBrowser } from '../src/browser.ts';
const input = document.querySelector('input');
window.trainOnPicked = async (workers) => {
  const { images, skipped } = labelFiles(input.files);
  const source = await openSource({ kind: 'images', images, side: 16 });
  const turned = source.identities.findIndex(({ name }) => name === 'turned');
  const upright = [...(await source.load(turned, 0)).data];
  const config = parseConfig(\`
data: { source: folder, path: photos, imageSize: 32, split: { train: 0.6, validation: 0.2, test: 0.2 }, workers: \${workers} }
model: { backbone: lcnet_035, embeddingSize: 16 }
training: { steps: 4, batchSize: 4, logEvery: 1, validateEvery: 2, checkpointEvery: 2 }
backend: wasm\`);
  const records = [];
  const checkpoints = [];
  const { step, summary, report } = await trainInBrowser({
    config,
    images,
    createWorker: () => new Worker('/worker.js', { type: 'module' }),
    wasmPaths: '/wasm/',
    progress: { step() {}, note() {}, phase() {}, done() {} },
    output: {
      metrics: async (record) => void records.push(record),
      checkpoint: async (step) => void checkpoints.push(step),
    },
  });
  return {
    skipped: skipped.map(({ file }) => file),
    identities: source.identities.map(({ name }) => name),
    upright,
    losses: records.flatMap(({ loss }) => loss ?? []),
    checkpoints,
    step,
    splits: summary.splits,
    pairKind: summary.heldOut?.pairKind,
    title: report.title,
    samples: report.samples.length,
  };
};
`;
const WORKER = `import { serveDataWorker } from '@unitsphere/data'; serveDataWorker();`;

async function bundle(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: here, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    external: ['module'],
    logLevel: 'error',
  });
  return outputFiles[0].text;
}

/** Writes three pictures of each identity, a text file, and a JPEG that EXIF turns by 90°. */
async function writePictures(folder: string): Promise<void> {
  const noise = (seed: number) =>
    Buffer.from(
      Array.from({ length: 40 * 40 * 3 }, (_, i) => (seed * 67 + ((i * (seed + 3)) >> 4) * 31) % 256),
    );
  for (let identity = 0; identity < IDENTITIES; identity++) {
    mkdirSync(join(folder, `person-${identity}`), { recursive: true });
    for (const sample of [0, 1, 2]) {
      await sharp(noise(3 * identity + sample), { raw: { width: 40, height: 40, channels: 3 } })
        .jpeg()
        .toFile(join(folder, `person-${identity}`, `${sample}.jpg`));
    }
  }
  mkdirSync(join(folder, 'turned'));
  // Stored: red on the left, blue on the right. Orientation 6 turns it clockwise: red on top.
  const half = { width: 24, height: 32, channels: 3 } as const;
  const blue = await sharp({ create: { ...half, background: '#0000ff' } })
    .png()
    .toBuffer();
  await sharp({ create: { width: 48, height: 32, channels: 3, background: '#ff0000' } })
    .composite([{ input: blue, left: 24, top: 0 }])
    .jpeg({ quality: 95 })
    .withMetadata({ orientation: 6 })
    .toFile(join(folder, 'turned', '1.jpg'));
  writeFileSync(join(folder, 'turned', 'notes.txt'), 'no picture');
}

describe.skipIf(!isChromiumInstalled('the training on picked pictures'))('picked pictures', () => {
  const folder = mkdtempSync(join(tmpdir(), 'unitsphere-picked-'));
  let browser: Browser;
  let server: Server;

  beforeAll(async () => {
    await writePictures(join(folder, 'photos'));
    const served = new Map<string, [type: string, body: string | Buffer]>([
      [
        '/',
        ['text/html', '<input type="file" webkitdirectory><script type="module" src="/page.js"></script>'],
      ],
      ['/page.js', ['text/javascript', await bundle(PAGE)]],
      ['/worker.js', ['text/javascript', await bundle(WORKER)]],
    ]);
    for (const name of ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm']) {
      const file = require.resolve(`@tensorflow/tfjs-backend-wasm/dist/${name}`);
      served.set(`/wasm/${name}`, ['application/wasm', readFileSync(file)]);
    }
    server = createServer((request, response) => {
      const [type, body] = served.get(request.url ?? '') ?? ['text/plain', ''];
      response.setHeader('content-type', type);
      response.end(body);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    browser = await launchChromium();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('trains to the end, in the page and on a data worker alike, with EXIF orientation', {
    timeout: 60_000,
  }, async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.setInputFiles('input', join(folder, 'photos'));
    await page.waitForFunction(() => 'trainOnPicked' in window);
    type Result = Record<'losses' | 'upright' | 'checkpoints', number[]> & Record<string, unknown>;
    const train = (workers: number): Promise<Result> =>
      page.evaluate(
        (n) => (window as never as { trainOnPicked(n: number): Promise<Result> }).trainOnPicked(n),
        workers,
      );
    const onWorker = await train(1);
    expect(errors).toEqual([]);
    expect(onWorker).toMatchObject({
      skipped: ['turned/notes.txt'],
      step: 4,
      checkpoints: [2, 4],
      pairKind: 'real',
      title: 'Images of photos',
    });
    expect(onWorker['identities']).toHaveLength(IDENTITIES + 1);
    expect(onWorker.losses).toHaveLength(4);
    expect(onWorker.losses.every(Number.isFinite)).toBe(true);
    expect((await train(0)).losses).toEqual(onWorker.losses);
    const [top, bottom] = [
      onWorker.upright.slice(3 * 16 * 2, 3 * 16 * 2 + 3),
      onWorker.upright.slice(3 * 16 * 13, 3 * 16 * 13 + 3),
    ];
    expect(top[0]).toBeGreaterThan(200);
    expect(top[2]).toBeLessThan(60);
    expect(bottom[0]).toBeLessThan(60);
    expect(bottom[2]).toBeGreaterThan(200);
    await page.close();
  });
});
