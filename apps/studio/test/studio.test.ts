/** Drives the built page in headless Chromium. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors } from '@unitsphere/core';
import { DocumentSource } from '@unitsphere/data';
import { parsePreprocessorConfig } from '@unitsphere/images';
import { strFromU8 } from 'fflate';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { executablePath, GPU, QUIET } from './chromium.js';
import { fakeCamera, showToCamera } from './fake-camera.js';
import { downloadModel, ended, restored, trainWithKills } from './killed-training.js';
import { drawBatches, loadDocumentsConfig, trainInNode } from './node-run.js';
import { drawPictures } from './studio-pictures.js';
import { buildStudio, type StudioServer, serveStudio } from './studio-server.js';
import { watchPage } from './watch-page.js';
import { followWholePath, PATH_SETTINGS, recognizeByCamera } from './whole-path.js';

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
  'evaluation.imagesPerIdentity=3',
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
  /** Losses of a training on the page's own images. */
  let undisturbed: readonly number[] | undefined;

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

  /** Returns the address of the page with generated documents; without a preset, for pictures of the visitor. */
  function addressOf(backend: string, settings: readonly string[] = SETTINGS, preset = 'default'): string {
    const query = new URLSearchParams([['backend', backend]]);
    if (preset) query.append('preset', preset);
    for (const setting of settings) query.append('set', setting);
    return `${server.address}?${query}`;
  }

  /** Opens the page. */
  async function open(
    backend: string,
    settings = SETTINGS,
    within = browser,
    preset = 'default',
  ): Promise<Page> {
    // Service workers would keep every file of every page; their own test has one.
    const page = await within.newPage({ serviceWorkers: 'block' });
    const errors = watchPage(page, server.address);
    onTestFinished(async () => {
      await page.close();
      expect(errors).toEqual([]);
    });
    await page.goto(addressOf(backend, settings, preset));
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
    undisturbed = losses;
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
    // Three images are three pairs.
    const same = (splits.test * 3).toLocaleString('en');
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

  test('has bit-identical losses after a pause and after closed tabs', async () => {
    undisturbed ??= (await train(await open('auto'))).losses;
    // Pages of one context share what the browser stores; `npm run campaign` kills the browser too.
    const context = await browser.newContext({ serviceWorkers: 'block' });
    // The first step takes half a minute on a loaded machine.
    context.setDefaultTimeout(120_000);
    const reaches = (page: Page, step: number) =>
      page.waitForFunction(
        (step) => Number.parseInt(document.querySelector('#step')!.textContent, 10) >= step,
        step,
      );
    const { page, resumedAt } = await trainWithKills(
      {
        open: async () => {
          const page = await context.newPage();
          await page.goto(addressOf('auto'));
          return page;
        },
        kill: (page) => page.close(),
      },
      [
        async (page) => {
          // The page itself clicks: a round trip can outlast the few steps that are left.
          await page.waitForFunction(() => {
            if (!/^[1-3] of/.test(document.querySelector('#step')!.textContent)) return false;
            document.querySelector<HTMLButtonElement>('#stop')!.click();
            return true;
          });
          await ended(page);
          expect(await page.innerText('#phase')).toMatch(/^Paused after step [1-4]$/);
          await page.click('#resume');
          await reaches(page, 3);
        },
        (page) => reaches(page, 4 + Math.floor(2 * Math.random())),
      ],
    );
    expect(await page.innerText('#phase')).toBe('Done');
    expect((await downloadModel(page)).losses, `resumed from ${resumedAt}`).toEqual(undisturbed);
    await context.close();
  });

  test("has the losses of Node with Node's batches", async () => {
    server.batches = await drawBatches(await loadDocumentsConfig(SETTINGS), STEPS + 4);
    onTestFinished(() => {
      server.batches = undefined;
    });
    const { losses } = await train(await open('wasm'));
    expect(Math.max(...differences(losses))).toBeLessThan(1e-3);
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

  test('follows the whole path: drops pictures, trains, recognizes, exports, comes back, takes away, loads back', async () => {
    const page = await open('wasm', PATH_SETTINGS, browser, '');
    const pictures = await drawPictures(folder);
    await followWholePath({ browser, page, backend: 'wasm', pictures, camera, folder });
  });

  test('recognizes with the shipped model what the camera has enrolled, without a training', async () => {
    const { heldOut, strangers } = await drawPictures(folder);
    const page = await open('wasm', [], browser, '');
    await restored(page);
    await show(page, 'try');
    showToCamera(camera, heldOut[1].image);
    await page.click('#try-add');
    await page.waitForFunction(
      () => document.querySelector<HTMLVideoElement>('#camera-video')!.videoWidth > 0,
    );
    await page.fill('#camera-name', 'my card');
    await page.press('#camera-name', 'Enter');
    await page.waitForFunction(() =>
      /1 picture of my card/.test(document.querySelector('#camera-note')!.textContent!),
    );
    await page.click('#camera-close');
    await page.click('#enroll');
    await page.waitForFunction(() =>
      /^1 identity enrolled/.test(document.querySelector('#enroll-status')!.textContent!),
    );
    expect(await text(page, '#threshold')).toContain('threshold of the shipped model');
    expect(await recognizeByCamera(page, camera, heldOut[1].image)).toBe('my card');
    expect(await recognizeByCamera(page, camera, strangers[0].image)).toBe('Unknown');
  });

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
