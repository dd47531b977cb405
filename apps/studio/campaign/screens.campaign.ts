/**
 * Takes pictures of every state at three widths, light and dark, into .cache/studio-screens, and checks each with axe. Writes the
 * four pictures of the README into docs/ with UNITSPHERE_README_PICTURES=1.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findBarriers } from '../test/accessibility.js';
import { ended, restored } from '../test/killed-training.js';
import { drawPictures, dropFile } from '../test/studio-pictures.js';
import { buildStudio, type StudioServer, serveStudio } from '../test/studio-server.js';

const WIDTHS = { phone: 390, tablet: 820, desktop: 1280 };
const SCHEMES = ['light', 'dark'] as const;
const TIMEOUT = { timeout: 120_000 };
const root = fileURLToPath(new URL('../../..', import.meta.url));
const screens = join(root, '.cache', 'studio-screens');
const folder = mkdtempSync(join(tmpdir(), 'unitsphere-screens-'));
const sharp = createRequire(join(root, 'packages/data/package.json'))('sharp');
const barriers: string[] = [];
let server: StudioServer;

beforeAll(async () => {
  mkdirSync(screens, { recursive: true });
  await buildStudio(join(folder, 'page'));
  server = await serveStudio(join(folder, 'page'));
});
afterAll(() => {
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Takes a state at each width and scheme. @param picture Name of the picture for the README, and the element at its top. */
async function takeState(
  page: Page,
  state: string,
  picture?: readonly [name: string, top: string],
): Promise<void> {
  await page.evaluate(() => scrollTo(0, 0));
  for (const scheme of SCHEMES) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const [device, width] of Object.entries(WIDTHS)) {
      await page.setViewportSize({ width, height: 860 });
      await page.screenshot({ path: join(screens, `${state}-${device}-${scheme}.png`), fullPage: true });
    }
    for (const barrier of await findBarriers(page)) barriers.push(`${state}, ${scheme}: ${barrier}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1000, height: 700 });
  if (!picture || !process.env['UNITSPHERE_README_PICTURES']) return;
  // Below the bar, which stays at the top.
  const at = await page
    .locator(picture[1])
    .evaluate((element) => element.getBoundingClientRect().top + scrollY);
  await page.evaluate((at) => scrollTo(0, at - 90), at);
  const pixels = await page.screenshot();
  await sharp(pixels)
    .png({ palette: true, colors: 128, compressionLevel: 9 })
    .toFile(join(root, 'docs', picture[0]));
}

test('every state is accessible in light and dark', async () => {
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  });
  const page = await browser.newPage({ serviceWorkers: 'block' });
  const { archive, heldOut, strangers } = await drawPictures(folder);
  const settings = ['training.steps=12', 'training.batchSize=8', 'training.validateEvery=4'];
  const query = new URLSearchParams([
    ['backend', 'wasm'],
    ...[...settings, 'evaluation.imagesPerIdentity=2'].map((setting) => ['set', setting]),
  ]);
  await page.goto(`${server.address}?${query}`);
  await restored(page);
  const show = (step: string) => page.click(`#steps a[href="#${step}"]`);
  await takeState(page, '1-empty');
  await show('try');
  await takeState(page, '2-try-empty');
  await show('take');
  await takeState(page, '3-take-empty');
  await show('data');
  await dropFile(page, '#drop', archive, 'documents.zip');
  await page.waitForSelector('#duplicates', TIMEOUT);
  await takeState(page, '4-data', ['studio-data.png', '.list-head']);
  await page.click('#duplicates button');
  await show('train');
  await page.waitForFunction(() => /^12 steps/.test(document.querySelector('#about')!.textContent!));
  await takeState(page, '5-train-form');
  await page.click('#start');
  await ended(page);
  await takeState(page, '6-trained', ['studio.png', '#progress']);
  await show('try');
  await page.click('#enroll');
  await page.waitForFunction(
    () => /enrolled with/.test(document.querySelector('#enroll-status')!.textContent!),
    undefined,
    TIMEOUT,
  );
  for (const [state, { width, height, data }] of [
    ['7-known', heldOut[1].image],
    ['8-unknown', strangers[0].image],
  ] as const) {
    const file = join(folder, `${state}.jpg`);
    await sharp(Buffer.from(data), { raw: { width, height, channels: 3 } })
      .jpeg()
      .toFile(file);
    await page.evaluate(() => document.querySelector('#result')!.replaceChildren());
    await page.setInputFiles('#query-input', file);
    await page.waitForSelector('#answer', TIMEOUT);
    await takeState(page, state, state === '7-known' ? ['studio-try.png', '.trial'] : undefined);
  }
  await page.click('#overview-show');
  await page.waitForSelector('.map .dot', TIMEOUT);
  await takeState(page, '9-overview');
  await show('take');
  await page.waitForSelector('#model:not([hidden])', TIMEOUT);
  await takeState(page, '10-take', ['studio-take.png', '#take-title']);
  await page.click('#project');
  await page.waitForSelector('#project-list li');
  await takeState(page, '11-projects');
  await browser.close();
  expect(barriers).toEqual([]);
});
