// A built page in headless Chromium. The page puts its result on `globalThis.outcome`: a text, or an error.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
// Without a graphics card Chromium gives its own software adapter, SwiftShader, if it is told that this is meant.
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

/** Why no page can be run here, or undefined. */
export const whyNoBrowser = existsSync(executablePath)
  ? undefined
  : `there is no browser at ${executablePath}. Install Chromium or set CHROMIUM_PATH.`;

/**
 * Serves a folder on loopback and opens one of its pages.
 * @returns The text that the page ends with.
 * @throws Error with the page's own, or where it gives none in time.
 */
export async function runInChromium(folder, path) {
  const server = createServer(async ({ url }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    try {
      const file = join(folder, normalize(pathname === '/' ? '/index.html' : pathname));
      const body = await readFile(file);
      response
        .writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' })
        .end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({ executablePath, args: ARGUMENTS, handleSIGINT: false });
  const messages = [];
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => messages.push(String(error)));
    page.on('console', (message) => messages.push(message.text()));
    await page.goto(`http://127.0.0.1:${server.address().port}/${path}`);
    await page.waitForFunction(() => 'outcome' in globalThis, undefined, { timeout: MINUTES * 60_000 });
    const { error, text } = await page.evaluate(() => globalThis.outcome);
    if (error) throw new Error(error);
    return text;
  } catch (error) {
    throw new Error(`${path}: ${error.message}\n${messages.join('\n')}`);
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
}
