/** Follows the whole path of a visitor with a training on WebGPU. Without a graphics card, SwiftShader computes, which takes minutes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { executablePath, GPU, QUIET } from '../test/chromium.js';
import { fakeCamera } from '../test/fake-camera.js';
import { drawPictures } from '../test/studio-pictures.js';
import { buildStudio, serveStudio } from '../test/studio-server.js';
import { watchPage } from '../test/watch-page.js';
import { followWholePath, PATH_SETTINGS } from '../test/whole-path.js';

test('follows the whole path on WebGPU', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'unitsphere-path-'));
  const camera = join(folder, 'camera.y4m');
  await buildStudio(join(folder, 'page'));
  const server = await serveStudio(join(folder, 'page'));
  const browser = await chromium.launch({
    executablePath,
    args: [...QUIET, ...GPU, ...fakeCamera(camera)],
  });
  onTestFinished(async () => {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const query = new URLSearchParams([
    ['backend', 'webgpu'],
    ...PATH_SETTINGS.map((setting) => ['set', setting] as [string, string]),
  ]);
  const page = await browser.newPage({ serviceWorkers: 'block' });
  const errors = watchPage(page, server.address);
  await page.goto(`${server.address}?${query}`);
  const begun = performance.now();
  await followWholePath({
    browser,
    page,
    backend: 'webgpu',
    pictures: await drawPictures(folder),
    camera,
    folder,
  });
  console.log(`the whole path took ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  expect(errors).toEqual([]);
});
