/** Drives the built page in headless Chromium. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors } from '@unitsphere/core';
import { DocumentSource } from '@unitsphere/data';
import { loadEmbedder } from '@unitsphere/embedder';
import { type PixelImage, parsePreprocessorConfig } from '@unitsphere/images';
import { strFromU8 } from 'fflate';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { findBarriers } from './accessibility.js';
import { downloadExport, exportModel, runInPage } from './export-page.js';
import { fakeCamera, showToCamera } from './fake-camera.js';
import { downloadModel, ended, restored, saved, trainWithKills } from './killed-training.js';
import { drawBatches, loadDocumentsConfig, trainInNode } from './node-run.js';
import { drawPictures, dropFile } from './studio-pictures.js';
import { buildStudio, type StudioServer, serveStudio } from './studio-server.js';

const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
// Without a graphics card, Chromium offers its software adapter SwiftShader only with these flags.
const GPU = ['--enable-unsafe-webgpu', '--enable-unsafe-swiftshader'];
const QUIET = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking'];

/** Exchanges red and blue. */
function exchangeColors({ width, height, data }: PixelImage): PixelImage {
  return { width, height, data: data.map((_, i) => data[i - (i % 3) + (2 - (i % 3))]) };
}

const STEPS = 6;
const SETTINGS = [
  `training.steps=${STEPS}`,
  'training.batchSize=16',
  'training.logEvery=1',
  'training.validateEvery=3',
  'training.checkpointEvery=3',
  'training.replicas=1',
  'data.identities=40',
  'data.imageSize=64',
  'data.workers=1',
  'data.split={train: 0.6, validation: 0.2, test: 0.2}',
  'loss.warmup=',
  'optimizer.lr=1e-3',
];

// In CI, a missing Chromium is a failure instead of a skip.
describe.skipIf(!existsSync(executablePath) && process.env['CI'] !== 'true')('the studio', () => {
  const folder = mkdtempSync(join(tmpdir(), 'unitsphere-page-'));
  const camera = join(folder, 'camera.y4m');
  let browser: Browser;
  let server: StudioServer;
  let inNode: Awaited<ReturnType<typeof trainInNode>>;

  beforeAll(async () => {
    await buildStudio(folder);
    server = await serveStudio(folder);
    browser = await chromium.launch({ executablePath, args: [...QUIET, ...GPU, ...fakeCamera(camera)] });
    inNode = await trainInNode(await loadDocumentsConfig([...SETTINGS, 'backend=wasm']));
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens the page with generated documents; without a preset, for pictures of the visitor. */
  async function open(
    backend: string,
    settings = SETTINGS,
    within = browser,
    preset: string | undefined = 'default',
  ): Promise<Page> {
    const query = new URLSearchParams([['backend', backend]]);
    if (preset) query.append('preset', preset);
    for (const setting of settings) query.append('set', setting);
    // Service workers would keep every file of every page; their own test has one.
    const page = await within.newPage({ serviceWorkers: 'block' });
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) errors.push(message.text());
    });
    onTestFinished(async () => {
      await page.close();
      expect(errors).toEqual([]);
    });
    page.on('request', (request) => {
      const url = request.url();
      if (!/^(blob|data):/.test(url) && !url.startsWith(server.address)) errors.push(`a request to ${url}`);
    });
    await page.goto(`${server.address}?${query}`);
    return page;
  }

  /** Shows a step of the page. */
  const show = (page: Page, step: string) => page.click(`#steps a[href="#${step}"]`);

  const start = (page: Page) => page.click('#start');
  const text = (page: Page, selector: string) => page.innerText(selector);

  /** Trains to the end and downloads the model. */
  async function train(page: Page) {
    await start(page);
    await ended(page);
    expect(await page.isVisible('#failure'), (await page.textContent('#failure')) ?? '').toBe(false);
    return downloadModel(page);
  }

  const differences = (losses: number[], others = inNode.losses) =>
    losses.map((loss, i) => Math.abs(loss / others[i] - 1));

  test('has a Content Security Policy that runs no injected script', async () => {
    const page = await browser.newPage();
    await page.goto(server.address);
    const injected = await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'window.injected = true';
      document.body.append(script);
      return 'injected' in window;
    });
    expect(injected).toBe(false);
    await page.close();
  });

  test('draws the same documents as Node, except for the edges of letters', async () => {
    const page = await open('wasm');
    await page.waitForFunction(() => document.querySelectorAll('#samples canvas').length === 8);
    const drawn = await page.$$eval('#samples canvas', (canvases) =>
      (canvases as HTMLCanvasElement[]).map((canvas) => {
        const { width, height } = canvas;
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, width, height);
        return Array.from(data, (value) => String.fromCharCode(value)).join('');
      }),
    );
    const source = await DocumentSource.create({ identities: 8, size: 256 });
    for (const [identity, pixels] of drawn.entries()) {
      const rgb = Buffer.from(pixels, 'latin1').filter((_, i) => i % 4 !== 3);
      const { data } = source.load(identity, 0);
      expect(rgb.length).toBe(data.length);
      const levels = data.reduce((sum, value, i) => sum + Math.abs(value - rgb[i]), 0) / data.length;
      expect(levels, `document ${identity}`).toBeLessThan(3);
    }
  });

  test('trains on its own images with losses close to those in Node, on WebAssembly without a graphics card', async () => {
    const page = await open('auto');
    const { name, files, losses } = await train(page);
    expect(await text(page, '#backend-note')).toMatch(/WebAssembly.*webgpu/);
    expect(await text(page, '#step')).toBe(`${STEPS} of ${STEPS}`);
    expect(Number(await text(page, '#speed'))).toBeGreaterThan(0);
    // The pixels are almost the same, so the losses are only similar.
    expect(losses.length).toBe(STEPS);
    const apart = differences(losses);
    expect(Math.max(...apart)).toBeLessThan(0.25);
    expect(apart.reduce((sum, value) => sum + value) / STEPS).toBeLessThan(0.08);

    const rows = await page.$$eval('#tpr-table tbody th', (cells) => cells.map((cell) => cell.textContent));
    expect(rows.map((row) => row.replace(' *', ''))).toEqual([
      '1 in 10',
      '1 in 100',
      '1 in 1,000',
      '1 in 10,000',
    ]);
    const { splits } = inNode.summary;
    const same = (splits.test * 36).toLocaleString('en');
    expect(await text(page, '#results')).toContain(
      `Real pairs, each of two different images: ${same} pairs of the same`,
    );
    expect(await page.locator('#loss-plot svg').count()).toBe(2);

    expect(name).toBe(`unitsphere-step-${STEPS}.zip`);
    const { tensors } = readSafetensors(files['model.safetensors']);
    expect(tensors.get('backbone.conv_stem.weight')!.shape).toEqual([8, 3, 3, 3]);
    expect([...tensors.keys()].every((key) => /^(backbone|neck|head)\./.test(key))).toBe(true);
    const { imageSize, cropMode } = parsePreprocessorConfig(strFromU8(files['preprocessor_config.json']));
    expect({ imageSize, cropMode }).toEqual({ imageSize: 64, cropMode: 'squash' });
    expect(JSON.parse(strFromU8(files['config.json']))).toMatchObject({
      backbone: 'lcnet_050',
      image_size: 64,
    });
    expect(strFromU8(files['README.md'])).toContain('unitsphere studio');
    expect(strFromU8(files['config.yaml'])).toContain('backbone: lcnet_050');

    await show(page, 'train');
    const [report] = await Promise.all([page.waitForEvent('popup'), page.click('#report')]);
    await report.waitForSelector('#tpr-table');
    expect(await report.locator('.search').count()).toBeGreaterThan(0);
  });

  test("has the losses of Node with Node's batches, and bit-identical ones after stopping and resuming", async () => {
    server.batches = await drawBatches(await loadDocumentsConfig(SETTINGS), STEPS + 4);
    onTestFinished(() => {
      server.batches = undefined;
    });
    const { losses } = await train(await open('wasm'));
    expect(Math.max(...differences(losses))).toBeLessThan(1e-3);

    const other = await open('wasm');
    await start(other);
    // The page itself clicks: a round trip can outlast the few steps that are left.
    await other.waitForFunction(() => {
      if (!/^[2-4] of/.test(document.querySelector('#step')!.textContent)) return false;
      document.querySelector<HTMLButtonElement>('#stop')!.click();
      return true;
    });
    await ended(other);
    expect(await text(other, '#phase')).toMatch(/^Paused after step [2-5]$/);
    await other.click('#resume');
    await ended(other);
    expect(await text(other, '#phase')).toBe('Done');
    expect((await downloadModel(other)).losses).toEqual(losses);

    // Pages of one context share what the browser stores; `npm run campaign` kills the browser too.
    const context = await browser.newContext();
    const [address] = other.url().split('#');
    const { page, resumedAt } = await trainWithKills(
      {
        open: async () => {
          const page = await context.newPage();
          await page.goto(address);
          return page;
        },
        kill: (page) => page.close(),
      },
      [1, 4].map((first) => {
        const step = first + Math.floor(2 * Math.random());
        return (page) =>
          page.waitForFunction(
            (step) => Number.parseInt(document.querySelector('#step')!.textContent, 10) >= step,
            step,
          );
      }),
    );
    expect((await downloadModel(page)).losses, `resumed from ${resumedAt}`).toEqual(losses);
    await context.close();
  });

  test("has the losses of Node with Node's batches on WebGPU, and notes that a software adapter is slow", async () => {
    // A software adapter is slow, so the test uses few steps and small images.
    const settings = [...SETTINGS, 'training.steps=3', 'data.imageSize=32', 'data.identities=20'];
    const node = await trainInNode(await loadDocumentsConfig([...settings, 'backend=wasm']));
    server.batches = await drawBatches(await loadDocumentsConfig(settings), 3 + 4);
    onTestFinished(() => {
      server.batches = undefined;
    });
    const page = await open('webgpu', settings);
    const { losses } = await train(page);
    expect(Math.max(...differences(losses, node.losses))).toBeLessThan(1e-3);
    expect(await text(page, '#used')).toMatch(/^webgpu/);
    expect(await text(page, '#backend-note')).toMatch(/runs WebGPU on the processor/);
  });

  test('exports the model for ONNX Runtime, which computes its embeddings in the page, and for TensorFlow.js', async () => {
    // After fewer steps, the statistics of batch norms are so wrong that all embeddings are the same.
    const steps = 30;
    const page = await open('wasm', [
      ...SETTINGS,
      `training.steps=${steps}`,
      `training.validateEvery=${steps}`,
      `training.checkpointEvery=${steps}`,
      'training.batchSize=8',
      'data.identities=20',
    ]);
    const { files } = await train(page);
    const { 'metrics.jsonl': _metrics, 'config.yaml': _config, ...folder } = files;
    const embedder = await loadEmbedder(folder);
    onTestFinished(() => embedder.dispose());
    const source = await DocumentSource.create({ identities: 3, size: 64, seed: 9 });
    const images = [0, 1, 2].map((identity) => source.load(identity, 0));
    const expected = await embedder.embed(images);
    // The comparison below would notice exchanged colors, and images in another order.
    const exchanged = await embedder.embed(images.map(exchangeColors));
    for (const others of [exchanged, expected.slice(1)]) {
      for (const [i, other] of others.entries()) {
        const differences = other.map((value, k) => Math.abs(value - expected[i][k]));
        expect(Math.max(...differences)).toBeGreaterThan(1e-3);
      }
    }

    expect(await exportModel(page, 'onnx-float32')).toMatch(/smallest cosine 1\.00000/);
    const full = await downloadExport(page, 0);
    expect(Object.keys(full).sort()).toEqual([
      'README.md',
      'config.json',
      'model.onnx',
      'preprocessor_config.json',
    ]);
    const found = await runInPage(page, full['model.onnx'], images, embedder.preprocessing);
    for (const [i, row] of expected.entries()) {
      const differences = row.map((value, k) => Math.abs(value - found[i][k]));
      expect(Math.max(...differences)).toBeLessThan(1e-4);
    }

    // How far int8 is off depends on the training, which is too short here.
    expect(await exportModel(page, 'onnx-int8')).toMatch(/on 48 images: smallest cosine -?0\.\d{5},/);
    const small = await downloadExport(page, 1);
    expect(small['model.onnx'].length / full['model.onnx'].length).toBeLessThan(0.3);
    await exportModel(page, 'tfjs');
    expect(Object.keys(await downloadExport(page, 2)).sort()).toEqual([
      'README.md',
      'model.json',
      'weights.bin',
    ]);
    expect(await page.isVisible('#export-failure')).toBe(false);
    if (process.env['SCREENSHOT']) await page.screenshot({ path: process.env['SCREENSHOT'], fullPage: true });
  });

  test('trains from the shipped model on dropped pictures, recognizes held-out ones and rejects strangers', async () => {
    const { archive, heldOut, strangers } = await drawPictures(folder);
    const settings = ['training.steps=3', 'training.batchSize=8', 'training.validateEvery=2'];
    const page = await open('wasm', [...settings, 'evaluation.imagesPerIdentity=2'], browser, '');
    await dropFile(page, '#drop', archive, 'documents.zip');
    await page.waitForSelector('#duplicates');
    expect(await text(page, '#summary')).toBe('61 pictures of 12 identities');
    expect(await text(page, '#unreadable')).toMatch(/1 file could not be read.*document 4\/damaged\.jpg/s);
    expect(await page.textContent('#duplicates')).toMatch(
      /1 picture.*document 2\/0\.ppm.*document 3\/copy\.ppm/s,
    );
    await page.click('#duplicates button');
    await page.waitForSelector('#duplicates', { state: 'detached' });
    expect(await page.$$eval('.split-list li', (parts) => parts.length)).toBe(3);
    const name = page.locator('input.name').first();
    await name.fill('renamed');
    await name.press('Enter');
    await page.waitForFunction(() =>
      [...document.querySelectorAll<HTMLInputElement>('input.name')].some(({ value }) => value === 'renamed'),
    );

    await show(page, 'train');
    await page.waitForFunction(() => document.querySelector('#about')!.textContent!.startsWith('3 steps'));
    await start(page);
    await ended(page);
    expect(await page.isVisible('#failure'), (await page.textContent('#failure')) ?? '').toBe(false);
    expect(await text(page, '#phase')).toBe('Done');
    expect(await page.locator('#validations tr').count()).toBe(1);

    await show(page, 'try');
    await page.selectOption('#try-rate', '0.1');
    await page.click('#enroll');
    await page.waitForFunction(() =>
      document.querySelector('#enroll-status')!.textContent!.startsWith('12 identities enrolled'),
    );
    const recognize = async (file: string) => {
      await page.evaluate(() => document.querySelector('#result')!.replaceChildren());
      await page.setInputFiles('#query-input', file);
      await page.waitForSelector('#answer');
      return text(page, '#answer');
    };
    for (const { name, file } of heldOut) {
      expect(await recognize(file)).toBe(name === 'document 1' ? 'renamed' : name);
    }
    expect(await page.locator('.matches img').count()).toBe(5);
    for (const { file } of strangers) expect(await recognize(file)).toBe('Unknown');
    expect(await text(page, '#threshold')).toMatch(
      /Measured on your own 12 identities|threshold of the shipped model/,
    );
    await page.click('#overview-show');
    await page.waitForSelector('.map .dot');
    expect(await page.locator('.map .dot').count()).toBe(60);
    expect(await page.locator('.pairs li').count()).toBe(12);
    await page.locator('.map .dot').first().focus();
    expect(await page.isVisible('.map-card img')).toBe(true);
    expect(await findBarriers(page)).toEqual([]);

    // Everything is still there after the tab was closed.
    await saved(page);
    await page.reload();
    await restored(page);
    expect(await text(page, '#enroll-status')).toBe('12 identities enrolled with 60 pictures');
    const seen = async (image: PixelImage) => {
      showToCamera(camera, image);
      await page.evaluate(() => document.querySelector('#result')!.replaceChildren());
      await page.click('#query-camera');
      await page.waitForSelector('#answer');
      const answer = await text(page, '#answer');
      await page.click('#query-camera');
      return answer;
    };
    expect(await seen(heldOut[1].image)).toBe(heldOut[1].name);
    expect(await seen(strangers[0].image)).toBe('Unknown');
    await show(page, 'train');
    expect(await text(page, '#phase')).toBe('Done');
    expect(await page.locator('#validations tr').count()).toBe(1);
    expect(await findBarriers(page)).toEqual([]);
    await show(page, 'data');
    expect(await text(page, '#summary')).toBe('60 pictures of 12 identities');
    await page.waitForFunction(() => [...document.images].every(({ complete }) => complete));
    expect(await findBarriers(page)).toEqual([]);
    await show(page, 'take');
    await page.waitForSelector('#model:not([hidden])');
    expect(await findBarriers(page)).toEqual([]);
    const [made] = await Promise.all([page.waitForEvent('download'), page.click('#ready-file')]);
    await checkReadyPage(readFileSync(await made.path(), 'utf8'), heldOut[1]);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#gallery-file')]);
    const gallery = readFileSync(await download.path());
    expect(readSafetensors(gallery).tensors.get('embeddings')!.shape).toEqual([60, 256]);
    await page.setInputFiles('#load-gallery-input', await download.path());
    await page.waitForFunction(() =>
      /12 identities/.test(document.querySelector('#load-status')!.textContent!),
    );
  });

  /** Opens a ready page as a file, without a network, and shows it a picture. */
  async function checkReadyPage(html: string, { file, name }: { file: string; name: string }) {
    const path = join(folder, 'ready.html');
    writeFileSync(path, html);
    const context = await browser.newContext({ offline: true });
    const page = await context.newPage();
    await page.goto(`file://${path}`);
    await page.waitForSelector('body[data-state=ready]');
    await page.setInputFiles('#query-input', file);
    await page.waitForSelector('#answer');
    expect(await text(page, '#answer')).toBe(name);
    expect(await page.locator('.matches img').count()).toBe(5);
    await context.close();
  }

  test('works offline after the first visit', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(server.address);
    await page.waitForSelector('body[data-offline=ready]', { timeout: 120_000 });
    await context.setOffline(true);
    await page.reload();
    await restored(page);
    expect(await text(page, '#data-title')).toBe('What should it recognize?');
    await context.close();
  });

  test('reports a wrong setting and a loss that is not finite', async () => {
    const page = await open('wasm', [...SETTINGS, 'training.stepz=5']);
    await start(page);
    await ended(page);
    expect(await text(page, '#failure')).toMatch(/training\.stepz.*steps/s);
    expect(await text(page, '#failure')).not.toContain('--set');

    const wild = await open('wasm', [
      ...SETTINGS,
      'optimizer.lr=1e38',
      'optimizer.clipNorm=',
      'schedule.warmup=0',
    ]);
    await start(wild);
    await ended(wild);
    expect(await text(wild, '#failure')).toMatch(/the loss is NaN.*Lower optimizer\.lr/s);
  });

  test('reports what to do if WebGPU is requested but not available', async () => {
    const plain = await chromium.launch({ executablePath, args: [...QUIET, '--disable-gpu'] });
    onTestFinished(() => plain.close());
    const page = await open('webgpu', SETTINGS, plain);
    await start(page);
    await ended(page);
    expect(await text(page, '#failure')).toMatch(/backend webgpu is not available.*use the backend "wasm"/s);
    expect(await page.isVisible('#start')).toBe(true);
  });

  test('reports what to do if the graphics card is lost', async () => {
    const own = await chromium.launch({ executablePath, args: [...QUIET, ...GPU] });
    onTestFinished(() => own.close());
    const page = await open('webgpu', SETTINGS, own);
    await start(page);
    await page.waitForFunction(() => document.querySelector('#used')!.textContent.startsWith('webgpu'));
    const session = await own.newBrowserCDPSession();
    // The crashed process does not reply.
    session.send('Browser.crashGpuProcess').catch(() => {});
    await ended(page);
    expect(await text(page, '#failure')).toMatch(
      /The connection to the graphics card was lost.*another backend/s,
    );
  });
});
