// Drives the built studio in Firefox (Debian's firefox-esr) on WebAssembly, by WebDriver BiDi. First a training on generated documents is
// paused, and resumed after the page was loaded again. Then the whole path of a visitor: 60 pictures of 12 identities, a training from the
// shipped model, recognition of held-out pictures and strangers, the camera, and an ONNX file that ONNX Runtime runs in the page.
//   npm run build -w apps/studio && npm ci --prefix tools/studio --ignore-scripts && node tools/studio/firefox.mjs
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DocumentSource } from '@unitsphere/data';
import { zipSync } from 'fflate';
import puppeteer from 'puppeteer-core';
import { serveStudio } from './serve.mjs';

const STEPS = 8;
const SETTINGS = [
  `training.steps=${STEPS}`,
  'training.batchSize=8',
  'training.logEvery=1',
  'training.validateEvery=4',
  'training.checkpointEvery=2',
  'data.identities=20',
  'data.imageSize=32',
  'data.workers=1',
  'data.split={train: 0.6, validation: 0.2, test: 0.2}',
];
const PATH_SETTINGS = [
  'training.steps=3',
  'training.batchSize=8',
  'training.validateEvery=2',
  'evaluation.imagesPerIdentity=2',
];
const IDENTITIES = 12;
const PICTURES = 5;
const TIMEOUT = { timeout: 240_000 };

const folder = mkdtempSync(join(tmpdir(), 'unitsphere-firefox-'));
const server = await serveStudio();
const browser = await puppeteer.launch({
  browser: 'firefox',
  executablePath: process.env.FIREFOX_PATH ?? '/usr/bin/firefox-esr',
  headless: true,
  // A camera that shows a pattern, and is allowed.
  extraPrefsFirefox: { 'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true },
});
const check = (name, isRight, found) => {
  if (!isRight) throw new Error(`${name}: found ${JSON.stringify(found)}.`);
  console.log(`✓ ${name}`);
};
try {
  console.log(await browser.version());
  await resumeTraining(await browser.newPage());
  // Another storage than that of the first training.
  const context = await browser.createBrowserContext();
  await followWholePath(await context.newPage());
} finally {
  await browser.close();
  server.close();
  rmSync(folder, { recursive: true, force: true });
}

async function open(page, settings, preset) {
  const query = new URLSearchParams(settings.map((setting) => ['set', setting]));
  query.set('backend', 'auto');
  if (preset) query.set('preset', preset);
  await page.goto(`${server.address}?${query}`);
  await page.waitForSelector('body[data-restored]', TIMEOUT);
}

function text(page, selector) {
  return page.$eval(selector, (element) => element.innerText);
}

/** Clicks by script: a click of the mouse may meet the bar at the top. */
function click(page, selector) {
  return page.$eval(selector, (element) => element.click());
}

function show(page, step) {
  return click(page, `#steps a[href="#${step}"]`);
}

async function resumeTraining(page) {
  await open(page, SETTINGS, 'default');
  await click(page, '#start');
  await page.waitForFunction(
    () => {
      if (!/^[1-9]\d* of/.test(document.querySelector('#step').textContent)) return false;
      document.querySelector('#stop').click();
      return true;
    },
    { ...TIMEOUT, polling: 50 },
  );
  await page.waitForSelector('body[data-state=idle]', TIMEOUT);
  const paused = await text(page, '#phase');
  check('trains on WebAssembly and pauses', /^Paused after step \d+$/.test(paused), paused);
  const note = await text(page, '#backend-note');
  check('says that WebGPU is missing', /WebAssembly.*webgpu/is.test(note), note);
  await open(page, SETTINGS, 'default');
  const stored = await text(page, '#resume');
  check('has the training after the page was loaded again', stored.startsWith('Resume from step'), stored);
  await click(page, '#resume');
  await page.waitForFunction(() => document.querySelector('#phase').textContent === 'Done', TIMEOUT);
  check('resumes to the end', true);
  await show(page, 'take');
  await page.waitForSelector('#model:not([hidden])', TIMEOUT);
  check('offers the model', true);
  await page.close();
}

async function followWholePath(page) {
  const { archive, heldOut, strangers } = await drawPictures();
  await open(page, PATH_SETTINGS);
  await (await page.$('#file-input')).uploadFile(archive);
  await page.waitForFunction(
    () => /^60 pictures of 12/.test(document.querySelector('#summary').textContent),
    TIMEOUT,
  );
  await page.waitForFunction(() => document.querySelector('#checking').textContent === '', TIMEOUT);
  check('reads 60 pictures of 12 identities', true);

  await show(page, 'train');
  await page.waitForFunction(() => /^3 steps/.test(document.querySelector('#about').textContent), TIMEOUT);
  await click(page, '#start');
  await page.waitForFunction(() => document.querySelector('#phase').textContent === 'Done', TIMEOUT);
  check('trains from the shipped model', true);

  await show(page, 'try');
  await page.select('#try-rate', '0.1');
  await click(page, '#enroll');
  const isEnrolled = () => document.querySelector('#enroll-status').textContent.startsWith('12 identities');
  await page.waitForFunction(isEnrolled, TIMEOUT);
  const answerOf = async () => {
    await page.waitForSelector('#answer', TIMEOUT);
    return text(page, '#answer');
  };
  const clear = () => page.$eval('#result', (result) => result.replaceChildren());
  const recognize = async (file) => {
    await clear();
    await (await page.$('#query-input')).uploadFile(file);
    return answerOf();
  };
  for (const { name, file } of heldOut) {
    const answer = await recognize(file);
    check(`recognizes ${name}`, answer === name, answer);
  }
  for (const file of strangers) {
    const answer = await recognize(file);
    check('rejects a stranger', answer === 'Unknown', answer);
  }
  await clear();
  await click(page, '#query-camera');
  const seen = await answerOf();
  check('rejects the pattern that the camera shows', seen === 'Unknown', seen);
  await click(page, '#query-camera');

  await show(page, 'take');
  await page.waitForSelector('#export button', TIMEOUT);
  await page.select('#export select', 'onnx-float32');
  await click(page, '#export button');
  await page.waitForSelector('#export li', TIMEOUT);
  const exported = await text(page, '#export li');
  check('runs the exported ONNX file in the page', /smallest cosine 1\.00000/.test(exported), exported);

  await page.waitForSelector('body[data-saved=saved]', TIMEOUT);
  await open(page, PATH_SETTINGS);
  await page.waitForFunction(isEnrolled, TIMEOUT);
  await show(page, 'try');
  const [{ name, file }] = heldOut;
  const again = await recognize(file);
  check('has everything after the page was loaded again', again === name, again);
}

/** Draws generated documents as PNM files: a zip of the pictures, another picture of some identities, and strangers. */
async function drawPictures() {
  const source = await DocumentSource.create({ identities: IDENTITIES + 2, size: 160, seed: 5 });
  const draw = (identity, sample) => {
    const { data, width, height } = source.load(identity, sample);
    return Buffer.concat([Buffer.from(`P6 ${width} ${height} 255\n`), Buffer.from(data)]);
  };
  const write = (name, bytes) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const nameOf = (identity) => `document ${identity + 1}`;
  const tree = {};
  for (let identity = 0; identity < IDENTITIES; identity++) {
    tree[nameOf(identity)] = Object.fromEntries(
      Array.from({ length: PICTURES }, (_, sample) => [`${sample}.ppm`, draw(identity, sample)]),
    );
  }
  return {
    archive: write('documents.zip', zipSync(tree, { level: 1 })),
    heldOut: [6, 7, 8].map((identity) => ({
      name: nameOf(identity),
      file: write(`query-${identity}.ppm`, draw(identity, PICTURES + 2)),
    })),
    strangers: [0, 1].map((i) => write(`stranger-${i}.ppm`, draw(IDENTITIES + i, 0))),
  };
}
