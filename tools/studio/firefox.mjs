// Drives the built studio in Firefox (Debian's firefox-esr) on WebAssembly, by WebDriver BiDi: trains on generated documents, pauses,
// loads the page again, resumes, and says that WebGPU is missing.
//   npm run build -w apps/studio && npm ci --prefix tools/studio --ignore-scripts && node tools/studio/firefox.mjs
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
const query = new URLSearchParams([
  ['preset', 'default'],
  ['backend', 'auto'],
  ...SETTINGS.map((setting) => ['set', setting]),
]);
const TIMEOUT = { timeout: 180_000 };

const server = await serveStudio();
const browser = await puppeteer.launch({
  browser: 'firefox',
  executablePath: process.env.FIREFOX_PATH ?? '/usr/bin/firefox-esr',
  headless: true,
});
const check = (name, isRight, found) => {
  if (!isRight) throw new Error(`${name}: found ${JSON.stringify(found)}.`);
  console.log(`✓ ${name}`);
};
try {
  console.log(await browser.version());
  const page = await browser.newPage();
  const text = (selector) => page.$eval(selector, (element) => element.innerText);
  const open = async () => {
    await page.goto(`${server.address}?${query}`);
    await page.waitForSelector('body[data-restored]', TIMEOUT);
  };
  await open();
  await page.click('#start');
  await page.waitForFunction(
    () => {
      if (!/^[1-9]\d* of/.test(document.querySelector('#step').textContent)) return false;
      document.querySelector('#stop').click();
      return true;
    },
    { ...TIMEOUT, polling: 50 },
  );
  await page.waitForSelector('body[data-state=idle]', TIMEOUT);
  const paused = await text('#phase');
  check('trains on WebAssembly and pauses', /^Paused after step \d+$/.test(paused), paused);
  const note = await text('#backend-note');
  check('says that WebGPU is missing', /WebAssembly.*webgpu/is.test(note), note);
  await open();
  const stored = await text('#resume');
  check('has the training after the page was loaded again', stored.startsWith('Resume from step'), stored);
  await page.click('#resume');
  await page.waitForFunction(() => document.querySelector('#phase').textContent === 'Done', TIMEOUT);
  check('resumes to the end', true);
  await page.click('#steps a[href="#take"]');
  await page.waitForSelector('#model:not([hidden])', TIMEOUT);
  check('offers the model', true);
} finally {
  await browser.close();
  server.close();
}
