/**
 * Takes pictures of every state at three widths, light and dark, and checks each with axe. Writes them into .cache/studio-screens,
 * with a sheet of all six for each state. Writes the four pictures of the README into docs/ with UNITSPHERE_README_PICTURES=1.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PixelImage } from '@unitsphere/images';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findBarriers } from '../test/accessibility.js';
import { executablePath, QUIET } from '../test/chromium.js';
import { exportModel } from '../test/export-page.js';
import { fakeCamera, showToCamera } from '../test/fake-camera.js';
import { ended, restored } from '../test/killed-training.js';
import { drawPictures, dropFile } from '../test/studio-pictures.js';
import { buildStudio, type StudioServer, serveStudio } from '../test/studio-server.js';

const WIDTHS = { phone: 390, tablet: 820, desktop: 1280 };
const SCHEMES = ['light', 'dark'] as const;
const HEIGHT = 860;
const STEPS = 30;
const TIMEOUT = { timeout: 120_000 };
const root = fileURLToPath(new URL('../../..', import.meta.url));
const screens = join(root, '.cache', 'studio-screens');
const folder = mkdtempSync(join(tmpdir(), 'unitsphere-screens-'));
const camera = join(folder, 'camera.y4m');
const sharp = createRequire(join(root, 'packages/data/package.json'))('sharp');
const barriers: string[] = [];
let server: StudioServer;
let browser: Browser;

beforeAll(async () => {
  rmSync(screens, { recursive: true, force: true });
  mkdirSync(join(screens, 'sheets'), { recursive: true });
  await buildStudio(join(folder, 'page'));
  server = await serveStudio(join(folder, 'page'));
  browser = await chromium.launch({
    executablePath,
    args: [...QUIET, ...fakeCamera(camera)],
  });
});
afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

const fileOf = (state: string, device: string, scheme: string) =>
  join(screens, `${state}-${device}-${scheme}.png`);

/** Takes a state at each width and scheme. */
async function takeState(page: Page, state: string): Promise<void> {
  await page.evaluate(() => scrollTo(0, 0));
  for (const scheme of SCHEMES) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const [device, width] of Object.entries(WIDTHS)) {
      await page.setViewportSize({ width, height: HEIGHT });
      await page.screenshot({ path: fileOf(state, device, scheme), fullPage: true });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (overflow > 0) barriers.push(`${state}: ${overflow} pixels wider than a ${device}`);
    }
    for (const barrier of await findBarriers(page)) barriers.push(`${state}, ${scheme}: ${barrier}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

/** Puts the six pictures of a state side by side. */
async function makeSheet(state: string): Promise<void> {
  let left = 0;
  let height = 0;
  const parts: { input: string; left: number; top: number }[] = [];
  for (const [device, width] of Object.entries(WIDTHS)) {
    for (const scheme of SCHEMES) {
      const input = fileOf(state, device, scheme);
      height = Math.max(height, (await sharp(input).metadata()).height);
      parts.push({ input, left, top: 0 });
      left += width + 20;
    }
  }
  await sharp({ create: { width: left, height, channels: 3, background: '#888' } })
    .composite(parts)
    .png()
    .toFile(join(screens, 'sheets', `${state}.png`));
}

/** Takes a picture for the README. @param top The element at its top. */
async function takePicture(page: Page, name: string, top: string): Promise<void> {
  if (!process.env['UNITSPHERE_README_PICTURES']) return;
  await page.setViewportSize({ width: 1000, height: 700 });
  // Below the bar, which stays at the top.
  const at = await page.locator(top).evaluate((element) => element.getBoundingClientRect().top + scrollY);
  await page.evaluate((at) => scrollTo(0, at - 90), at);
  await sharp(await page.screenshot())
    .png({ palette: true, colors: 128, compressionLevel: 9 })
    .toFile(join(root, 'docs', name));
}

const show = (page: Page, step: string) => page.click(`#steps a[href="#${step}"]`);

test('every state is accessible in light and dark, and fits its width', async () => {
  const states: string[] = [];
  const take = async (state: string, shown = page) => {
    states.push(`${String(states.length + 1).padStart(2, '0')}-${state}`);
    await takeState(shown, states.at(-1) as string);
  };
  const page = await browser.newPage({ serviceWorkers: 'block' });
  const { archive, heldOut, strangers } = await drawPictures(folder);
  const settings = [
    `training.steps=${STEPS}`,
    'training.batchSize=8',
    'training.validateEvery=10',
    'evaluation.imagesPerIdentity=2',
  ];
  const query = new URLSearchParams([
    ['backend', 'wasm'],
    ...settings.map((setting) => ['set', setting] as [string, string]),
  ]);
  await page.goto(`${server.address}?${query}`);
  await restored(page);
  await take('empty');
  await page.check('input[name=source][value=generator]', { force: true });
  await page.waitForFunction(() => document.querySelectorAll('#samples canvas').length === 8);
  await take('generator');
  await page.check('input[name=source][value=none]', { force: true });
  await take('no-data');
  await page.check('input[name=source][value=pictures]', { force: true });
  await show(page, 'train');
  await page.click('#start');
  await page.waitForSelector('#failure:not([hidden])');
  await take('train-without-pictures');
  await show(page, 'try');
  await take('try-empty');
  await show(page, 'take');
  await take('take-empty');

  await show(page, 'data');
  showToCamera(camera, heldOut[2].image);
  await page.click('#use-camera');
  await page.waitForFunction(() => document.querySelector<HTMLVideoElement>('#camera-video')!.videoWidth > 0);
  await take('camera');
  await page.click('#camera-close');
  await dropFile(page, '#drop', archive, 'documents.zip');
  await page.waitForSelector('#duplicates', TIMEOUT);
  await take('data');
  await takePicture(page, 'studio-data.png', '.list-head');
  await page.click('#duplicates button');

  await show(page, 'train');
  await page.waitForFunction(
    (steps) => document.querySelector('#about')!.textContent!.startsWith(`${steps} steps`),
    STEPS,
  );
  await take('train-form');
  await page.fill('#settings', 'training.stepz=5');
  await page.click('#start');
  await ended(page);
  await take('wrong-setting');
  await page.fill('#settings', settings.join('\n'));
  await page.click('#start');
  await page.waitForFunction(
    () => /^[2-9] of/.test(document.querySelector('#step')!.textContent!),
    undefined,
    {
      timeout: 120_000,
    },
  );
  await take('training');
  await page.click('#stop');
  await ended(page);
  await take('paused');
  await page.click('#resume');
  await ended(page);
  await take('trained');

  await show(page, 'try');
  await page.click('#enroll');
  await page.waitForFunction(
    () => /enrolled with/.test(document.querySelector('#enroll-status')!.textContent!),
    undefined,
    TIMEOUT,
  );
  await take('enrolled');
  const recognize = async (shown: Page, name: string, { width, height, data }: PixelImage) => {
    const file = join(folder, `${name}.jpg`);
    await sharp(Buffer.from(data), { raw: { width, height, channels: 3 } })
      .jpeg()
      .toFile(file);
    await shown.evaluate(() => document.querySelector('#result')!.replaceChildren());
    await shown.setInputFiles('#query-input', file);
    await shown.waitForSelector('#answer', TIMEOUT);
  };
  await recognize(page, 'known', heldOut[1].image);
  await take('known');
  await takePicture(page, 'studio-try.png', '.trial');
  await recognize(page, 'unknown', strangers[0].image);
  await take('unknown');
  await page.click('#overview-show');
  await page.waitForSelector('.map .dot', TIMEOUT);
  await take('overview');

  await show(page, 'take');
  await page.waitForSelector('#model:not([hidden])', TIMEOUT);
  await takePicture(page, 'studio-take.png', '#take-title');
  await exportModel(page, 'onnx-float32');
  const damaged = join(folder, 'model.zip');
  writeFileSync(damaged, 'damaged');
  await page.setInputFiles('#load-model-input', damaged);
  await page.waitForSelector('#load-failure:not([hidden])');
  await take('take');
  await page.click('#project');
  await page.waitForSelector('#project-list li');
  await take('projects');
  await page.click('#projects-close');

  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#ready-file')]);
  await download.saveAs(join(folder, 'index.html'));
  const ready = await browser.newPage();
  await ready.goto(`file://${join(folder, 'index.html')}`);
  await ready.waitForSelector('body[data-state=ready]', TIMEOUT);
  await recognize(ready, 'known', heldOut[1].image);
  await take('ready', ready);
  for (const state of states) await makeSheet(state);
  expect(barriers).toEqual([]);
});

test.runIf(process.env['UNITSPHERE_README_PICTURES'])('shows a training that has converged', async () => {
  const page = await browser.newPage({ serviceWorkers: 'block' });
  await page.goto(`${server.address}?preset=short&backend=wasm&start`);
  await page.waitForSelector('body[data-state=running]', TIMEOUT);
  await page.waitForSelector('body[data-state=idle]', { timeout: 900_000 });
  expect(await page.innerText('#phase')).toBe('Done');
  await takePicture(page, 'studio.png', '#progress');
});
