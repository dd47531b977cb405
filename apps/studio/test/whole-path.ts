/** The whole path of a visitor through the page, from dropped pictures to a model that is loaded back elsewhere. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readSafetensors } from '@unitsphere/core';
import { loadEmbedder } from '@unitsphere/embedder';
import { type PixelImage, squash } from '@unitsphere/images';
import { unzipSync } from 'fflate';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { findBarriers } from './accessibility.js';
import { downloadExport, exportModel, runInPage } from './export-page.js';
import { showToCamera } from './fake-camera.js';
import { downloadModel, ended, restored, saved } from './killed-training.js';
import { dropFile, type TestPictures } from './studio-pictures.js';

const IDENTITIES = 12;
const RENAMED = 'renamed';

const STEPS = 3;

/** Settings of the training. */
export const PATH_SETTINGS = [
  `training.steps=${STEPS}`,
  'training.batchSize=8',
  'training.validateEvery=2',
  'evaluation.imagesPerIdentity=2',
];

/** Where the path is followed. */
export interface WholePath {
  browser: Browser;
  /** The page, opened for pictures of the visitor and with {@link PATH_SETTINGS}. */
  page: Page;
  /** The backend of the training. Recognition is on WebAssembly. */
  backend: 'wasm' | 'webgpu';
  pictures: TestPictures;
  /** The file that the camera shows. */
  camera: string;
  /** A folder for files. */
  folder: string;
}

/** Follows the whole path. @throws If a step of it fails. */
export async function followWholePath(path: WholePath): Promise<void> {
  const { page, pictures } = path;
  await addPictures(path);
  await train(path);
  await enroll(page);
  await recognizeFiles(path);
  await lookCloser(page);
  await compareExports(path);

  // Everything is still there after the tab was closed.
  await saved(page);
  await page.reload();
  await restored(page);
  expect(await page.innerText('#enroll-status')).toBe('12 identities enrolled with 60 pictures');
  await show(page, 'try');
  const [, known] = pictures.heldOut;
  expect(await recognizeByCamera(page, path.camera, known.image)).toBe(known.name);
  expect(await recognizeByCamera(page, path.camera, pictures.strangers[0].image)).toBe('Unknown');
  await revisit(page);
  const taken = await takeAway(path);
  await checkReadyPage(path, taken.readyPage, known);
  await loadBack(path, taken);
}

const show = (page: Page, step: string) => page.click(`#steps a[href="#${step}"]`);

async function addPictures({ page, pictures: { archive } }: WholePath): Promise<void> {
  await dropFile(page, '#drop', archive, 'documents.zip');
  await page.waitForSelector('#duplicates');
  expect(await page.innerText('#summary')).toBe('61 pictures of 12 identities');
  expect(await page.innerText('#unreadable')).toMatch(/1 file could not be read.*document 4\/damaged\.jpg/s);
  expect(await page.textContent('#duplicates')).toMatch(
    /1 picture.*document 2\/0\.ppm.*document 3\/copy\.ppm/s,
  );
  await page.click('#duplicates button');
  await page.waitForSelector('#duplicates', { state: 'detached' });
  expect(await page.$$eval('.split-list li', (parts) => parts.length)).toBe(3);
  const name = page.locator('input.name').first();
  await name.fill(RENAMED);
  await name.press('Enter');
  await page.waitForFunction(
    (renamed) =>
      [...document.querySelectorAll<HTMLInputElement>('input.name')].some(({ value }) => value === renamed),
    RENAMED,
  );
}

async function train({ page, backend }: WholePath): Promise<void> {
  await show(page, 'train');
  await page.waitForFunction(
    (steps) => document.querySelector('#about')!.textContent!.startsWith(`${steps} steps`),
    STEPS,
  );
  await page.click('#start');
  await ended(page);
  expect(await page.isVisible('#failure'), (await page.textContent('#failure')) ?? '').toBe(false);
  expect(await page.innerText('#phase')).toBe('Done');
  expect((await page.innerText('#used')).startsWith(backend)).toBe(true);
  expect(await page.locator('#validations tr').count()).toBe(1);
}

async function enroll(page: Page): Promise<void> {
  await show(page, 'try');
  await page.selectOption('#try-rate', '0.1');
  await page.click('#enroll');
  await page.waitForFunction(
    (identities) =>
      document.querySelector('#enroll-status')!.textContent!.startsWith(`${identities} identities enrolled`),
    IDENTITIES,
    { timeout: 120_000 },
  );
}

/** Shows step Try a file. @returns Its answer. */
export async function recognize(page: Page, file: string): Promise<string> {
  await page.evaluate(() => document.querySelector('#result')!.replaceChildren());
  await page.setInputFiles('#query-input', file);
  await page.waitForSelector('#answer', { timeout: 60_000 });
  return page.innerText('#answer');
}

const nameInPage = (name: string) => (name === 'document 1' ? RENAMED : name);

async function recognizeFiles({ page, pictures: { heldOut, strangers } }: WholePath): Promise<void> {
  for (const { name, file } of heldOut) expect(await recognize(page, file)).toBe(nameInPage(name));
  expect(await page.locator('.matches img').count()).toBe(5);
  for (const { file } of strangers) expect(await recognize(page, file)).toBe('Unknown');
  expect(await page.innerText('#threshold')).toMatch(
    /Measured on your own 12 identities|threshold of the shipped model/,
  );
}

/** Shows pairs and map. */
async function lookCloser(page: Page): Promise<void> {
  await page.click('#overview-show');
  await page.waitForSelector('.map .dot');
  expect(await page.locator('.map .dot').count()).toBe(60);
  expect(await page.locator('.pairs li').count()).toBe(12);
  await page.locator('.map .dot').first().focus();
  expect(await page.isVisible('.map-card img')).toBe(true);
  expect(await findBarriers(page)).toEqual([]);
}

/** Exchanges red and blue. */
function exchangeColors({ width, height, data }: PixelImage): PixelImage {
  return { width, height, data: data.map((_, i) => data[i - (i % 3) + (2 - (i % 3))]) };
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);

/** Exports the trained model. ONNX Runtime in the page must compute the embeddings that the model has in Node. */
async function compareExports({ page, pictures: { heldOut } }: WholePath): Promise<void> {
  const { files } = await downloadModel(page);
  const { 'metrics.jsonl': _metrics, 'config.yaml': _config, ...folder } = files;
  const embedder = await loadEmbedder(folder);
  try {
    const { imageSize } = embedder.preprocessing;
    const images = heldOut.slice(0, 3).map(({ image }) => squash(image, imageSize));
    const expected = await embedder.embed(images);
    // The comparison below would notice exchanged colors, and images in another order.
    const exchanged = await embedder.embed(images.map(exchangeColors));
    for (const others of [exchanged, expected.slice(1)]) {
      for (const [i, other] of others.entries())
        expect(largestDifference(other, expected[i])).toBeGreaterThan(1e-3);
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
    for (const [i, row] of expected.entries()) expect(largestDifference(row, found[i])).toBeLessThan(1e-4);

    expect(await exportModel(page, 'onnx-float16')).toMatch(/smallest cosine (1\.0000|0\.999)/);
    const half = await downloadExport(page, 1);
    expect(half['model.onnx'].length / full['model.onnx'].length).toBeLessThan(0.55);
    expect(await exportModel(page, 'onnx-int8')).toMatch(/on 30 images: smallest cosine 0\.99\d{3},/);
    const small = await downloadExport(page, 2);
    expect(small['model.onnx'].length / full['model.onnx'].length).toBeLessThan(0.3);
    await exportModel(page, 'tfjs');
    expect(Object.keys(await downloadExport(page, 3)).sort()).toEqual([
      'README.md',
      'model.json',
      'weights.bin',
    ]);
    expect(await page.isVisible('#export-failure')).toBe(false);
  } finally {
    embedder.dispose();
  }
}

/** Points the camera of step Try at an image. @returns The answer. */
export async function recognizeByCamera(page: Page, camera: string, image: PixelImage): Promise<string> {
  showToCamera(camera, image);
  await page.click('#query-camera');
  // The first answer may be that of a frame from before the camera was stopped the last time.
  for (let frame = 0; frame < 2; frame++) {
    await page.evaluate(() => document.querySelector('#result')!.replaceChildren());
    await page.waitForSelector('#answer', { timeout: 60_000 });
  }
  const answer = await page.innerText('#answer');
  await page.click('#query-camera');
  return answer;
}

/** Looks at the other steps after a visit has ended. */
async function revisit(page: Page): Promise<void> {
  await show(page, 'train');
  expect(await page.innerText('#phase')).toBe('Done');
  expect(await page.locator('#validations tr').count()).toBe(1);
  expect(await findBarriers(page)).toEqual([]);
  await show(page, 'data');
  expect(await page.innerText('#summary')).toBe('60 pictures of 12 identities');
  await page.waitForFunction(() => [...document.images].every(({ complete }) => complete));
  expect(await findBarriers(page)).toEqual([]);
  await show(page, 'take');
  await page.waitForSelector('#model:not([hidden])');
  expect(await findBarriers(page)).toEqual([]);
}

/** Files that step Take away made. */
interface Taken {
  model: string;
  gallery: string;
  readyPage: string;
}

async function takeAway({ page, folder }: WholePath): Promise<Taken> {
  const take = async (button: string, name: string) => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(button)]);
    const file = join(folder, name);
    await download.saveAs(file);
    return file;
  };
  const taken = {
    model: await take('#model', 'model.zip'),
    gallery: await take('#gallery-file', 'pictures.gallery'),
    readyPage: await take('#ready-file', 'ready.html'),
  };
  const { tensors } = readSafetensors(readFileSync(taken.gallery));
  expect(tensors.get('embeddings')!.shape).toEqual([60, 256]);
  return taken;
}

/** Opens a ready page as a file, without a network, and shows it a picture. */
async function checkReadyPage(
  { browser }: WholePath,
  file: string,
  picture: { file: string; name: string },
): Promise<void> {
  const context = await browser.newContext({ offline: true });
  const page = await context.newPage();
  await page.goto(`file://${file}`);
  await page.waitForSelector('body[data-state=ready]', { timeout: 60_000 });
  expect(await recognize(page, picture.file)).toBe(picture.name);
  expect(await page.locator('.matches img').count()).toBe(5);
  await context.close();
}

/** Loads model and gallery in a browser that knows nothing of them. Files that cannot be loaded change nothing. */
async function loadBack(
  { browser, page: first, folder, pictures: { heldOut, strangers } }: WholePath,
  { model, gallery }: Taken,
): Promise<void> {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  await page.goto(new URL(first.url()).origin);
  await restored(page);
  await show(page, 'take');
  const load = async (kind: 'model' | 'gallery', files: string | string[], answer: string) => {
    await page.setInputFiles(`#load-${kind}-input`, files);
    const place = page.locator(`${answer}:not(:empty)`);
    await place.waitFor({ timeout: 60_000 });
    return place.innerText();
  };
  const isLoaded = (text: string) =>
    page.waitForFunction((text) => document.querySelector('#load-status')!.textContent === text, text, {
      timeout: 60_000,
    });
  const write = (name: string, bytes: Uint8Array) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const damaged = (file: string, name: string) =>
    write(name, readFileSync(file).subarray(0, readFileSync(file).length / 2));

  // The gallery is not for the shipped model.
  expect(await load('gallery', gallery, '#load-failure')).toMatch(
    /gallery cannot be used.*not in this page.*Load the model folder/s,
  );
  expect(await load('model', damaged(model, 'half.zip'), '#load-failure')).toContain(
    'half.zip cannot be read as a zip file',
  );
  const files = Object.entries(unzipSync(readFileSync(model))).flatMap(([path, bytes]) =>
    path.endsWith('/') ? [] : [write(basename(path), bytes)],
  );
  expect(await load('model', files.slice(0, 1), '#load-failure')).toMatch(/The model folder has no .*\.json/);
  await page.setInputFiles('#load-model-input', files);
  await isLoaded('model folder is loaded. Step Try offers it.');
  await page.setInputFiles('#load-model-input', model);
  await isLoaded('model is loaded. Step Try offers it.');
  await page.setInputFiles('#load-gallery-input', gallery);
  await isLoaded('pictures.gallery is loaded, with 12 identities. Continue with Try.');
  expect(await load('gallery', damaged(gallery, 'half.gallery'), '#load-failure')).toContain(
    'The gallery cannot be used',
  );

  const check = async () => {
    await show(page, 'try');
    expect(await page.innerText('#enroll-status')).toBe('12 identities enrolled with 60 pictures');
    expect(await page.$eval('#try-model', (models: HTMLSelectElement) => models.value)).toBe('loaded');
    expect(await recognize(page, heldOut[1].file)).toBe(heldOut[1].name);
    expect(await recognize(page, strangers[0].file)).toBe('Unknown');
  };
  await check();
  await saved(page);
  await page.reload();
  await restored(page);
  await check();
  await switchProjects(page);
  await context.close();
}

/** Makes a second project, returns to the first, which has its model and gallery, and deletes the second. */
async function switchProjects(page: Page): Promise<void> {
  page.on('dialog', (dialog) => void dialog.accept());
  const list = async () => {
    await page.click('#project');
    await page.waitForSelector('#project-list li');
    return page.locator('#project-list li').count();
  };
  const goTo = async (button: string) => {
    const { href } = new URL(page.url());
    await page.click(button);
    await page.waitForURL(
      (url) => url.searchParams.get('project') !== new URL(href).searchParams.get('project'),
    );
    await restored(page);
    await show(page, 'try');
    return page.innerText('#enroll-status');
  };
  expect(await list()).toBe(1);
  expect(await goTo('#project-new')).toBe('Nothing is enrolled yet.');
  expect(await list()).toBe(2);
  expect(await goTo('#project-list li:not(.current) button:text("Open")')).toBe(
    '12 identities enrolled with 60 pictures',
  );
  expect(await list()).toBe(2);
  await page.click('#project-list li:not(.current) button:text("Delete")');
  await page.waitForFunction(() => document.querySelectorAll('#project-list li').length === 1);
}
