// Measures the built studio with Lighthouse: each category, and the time to the first interaction on "Fast 3G" from a cold cache.
//   npm run build -w apps/studio && npm ci --prefix tools/studio --ignore-scripts && node tools/studio/lighthouse.mjs
import lighthouse, { desktopConfig } from 'lighthouse';
import puppeteer from 'puppeteer-core';
import { serveStudio } from './serve.mjs';

const CATEGORIES = ['accessibility', 'best-practices', 'performance'];
const LEAST = 95;
/** Milliseconds until the page answers a click. */
const FIRST_INTERACTION = 2000;
// "Fast 3G" of Chrome's developer tools.
const FAST_3G = { offline: false, latency: 562.5, downloadThroughput: 188_743, uploadThroughput: 86_400 };

const server = await serveStudio();
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-quic'],
});
let failed = false;
const report = (name, value, isGood) => {
  console.log(`${isGood ? '✓' : '✗'} ${name}: ${value}`);
  failed ||= !isGood;
};
try {
  for (const [device, config] of [
    ['phone', undefined],
    ['desktop', desktopConfig],
  ]) {
    const page = await browser.newPage();
    const { lhr } = await lighthouse(
      server.address,
      { onlyCategories: CATEGORIES, logLevel: 'error' },
      config,
      page,
    );
    for (const name of CATEGORIES) {
      const score = Math.round(100 * lhr.categories[name].score);
      report(`${name} on a ${device}`, score, score >= LEAST);
      if (score < LEAST) {
        for (const { id } of lhr.categories[name].auditRefs) {
          const { score, title, displayValue } = lhr.audits[id];
          if (score !== null && score < 0.9) console.log(`    ${title} ${displayValue ?? ''}`);
        }
      }
    }
    await page.close();
  }
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const session = await page.createCDPSession();
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', FAST_3G);
  let bytes = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  const begun = performance.now();
  await page.goto(server.address, { waitUntil: 'domcontentloaded' });
  await page.waitForSelector('body[data-opened]');
  await page.click('input[name=source][value=none]');
  await page.waitForFunction(() => !document.querySelector('#source-none').hidden);
  const milliseconds = Math.round(performance.now() - begun);
  report(
    'first interaction on Fast 3G',
    `${milliseconds} ms, ${Math.round(bytes / 1000)} kB loaded`,
    milliseconds < FIRST_INTERACTION,
  );
} finally {
  await browser.close();
  server.close();
}
process.exit(failed ? 1 : 0);
