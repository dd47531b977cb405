// Runs a built page in headless Chromium. The page sets `globalThis.outcome` to a text or an error, or shows a result.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
// Without a graphics card, Chromium provides its software adapter, SwiftShader, only with these flags.
const ARGUMENTS = [
  '--enable-unsafe-webgpu',
  '--enable-unsafe-swiftshader',
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
];
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };
const MINUTES = 2;

/** Arguments for a camera that shows a file and is allowed. */
const cameraArguments = (file) => [
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  `--use-file-for-fake-video-capture=${file}`,
];

/** The reason why pages cannot run on this machine, or undefined. */
export const missingBrowser = existsSync(executablePath)
  ? undefined
  : `there is no browser at ${executablePath}. Install Chromium or set CHROMIUM_PATH.`;

/**
 * Serves the build of a consumer on loopback and opens one of its pages.
 * @param page `path` of the page, in a `folder` of the consumer. For an interactive page also the `file` to choose, or the file that
 *   the `camera` shows after a click on the page's button, and a pattern that its paragraph then `shows`.
 * @throws Error with the page's own error, or if the page has no result in time.
 */
export async function runInChromium(consumer, { path, folder: name = 'dist', file, camera, shows }) {
  const folder = join(consumer, name);
  const server = createServer(async ({ url }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    try {
      const found = join(folder, normalize(pathname === '/' ? '/index.html' : pathname));
      const body = await readFile(found);
      response
        .writeHead(200, { 'content-type': TYPES[extname(found)] ?? 'application/octet-stream' })
        .end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const args = camera ? [...ARGUMENTS, ...cameraArguments(join(consumer, camera))] : ARGUMENTS;
  const browser = await chromium.launch({ executablePath, args, handleSIGINT: false });
  const messages = [];
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => messages.push(String(error)));
    page.on('console', (message) => messages.push(message.text()));
    const origin = `http://127.0.0.1:${server.address().port}/`;
    // A page has all it needs from its own origin: our packages download nothing.
    const foreign = [];
    await page.route(
      (url) => /^(https?|wss?):$/.test(url.protocol) && !url.href.startsWith(origin),
      async (route) => {
        foreign.push(route.request().url());
        await route.abort();
      },
    );
    await page.goto(`${origin}${path}`);
    const timeout = MINUTES * 60_000;
    if (shows) {
      if (camera) await page.click('button:enabled', { timeout });
      else {
        await page.waitForSelector('input[type=file]:enabled', { timeout });
        await page.setInputFiles('input[type=file]', join(consumer, file));
      }
      const matches = (pattern) => new RegExp(pattern).test(document.querySelector('p').textContent);
      await page.waitForFunction(matches, shows, { timeout });
    } else {
      await page.waitForFunction(() => 'outcome' in globalThis, undefined, { timeout });
      const { error } = await page.evaluate(() => globalThis.outcome);
      if (error) throw new Error(error);
    }
    if (foreign.length > 0) throw new Error(`The page requested ${foreign.join(', ')}.`);
  } catch (error) {
    throw new Error(`${path}: ${error.message}\n${messages.join('\n')}`);
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
}
