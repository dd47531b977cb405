import { fileURLToPath } from 'node:url';
import { isChromiumInstalled, launchChromium } from '@unitsphere/testing/chromium';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserFiles } from '../../../tsup.base.ts';
import { decodeImage, type RgbImage } from '../src/index.js';

const bytesOf = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'));

describe.skipIf(!isChromiumInstalled('the browser test of images'))('in Chromium', () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('../src/index.ts', import.meta.url))],
      bundle: true,
      format: 'iife',
      globalName: 'images',
      platform: 'browser',
      plugins: [browserFiles],
      write: false,
    });
    browser = await launchChromium();
    page = await browser.newPage();
    await page.addScriptTag({ content: outputFiles[0].text });
  }, 60_000);

  afterAll(() => browser?.close());

  /** Decodes in the page what an expression makes of `bytes`. */
  async function decodeInPage(expression: string, bytes: Uint8Array = new Uint8Array(0)): Promise<RgbImage> {
    const { width, height, data } = await page.evaluate(
      async ([code, base64]) => {
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        const { decodeImage } = (globalThis as never as { images: typeof import('../src/index.js') }).images;
        const input = await new Function('bytes', `return (async () => ${code})()`)(bytes);
        const image = await decodeImage(input);
        return { ...image, data: btoa(Array.from(image.data, (b) => String.fromCharCode(b)).join('')) };
      },
      [expression, Buffer.from(bytes).toString('base64')],
    );
    return { width, height, data: bytesOf(data) };
  }

  const width = 60;
  const height = 40;
  const photo = sharp(
    Uint8Array.from({ length: width * height * 3 }, (_, i) => 127 + 120 * Math.sin(i / 40 + (i % 3))),
    { raw: { width, height, channels: 3 } },
  );
  const largest = (a: RgbImage, b: RgbImage) =>
    a.data.reduce((most, value, i) => Math.max(most, Math.abs(value - b.data[i])), 0);

  test.each([
    ['a PNG', () => photo.clone().png(), 0],
    ['a JPEG turned by EXIF', () => photo.clone().withMetadata({ orientation: 6 }).jpeg({ quality: 95 }), 2],
    ['a lossless WebP', () => photo.clone().webp({ lossless: true }), 0],
    ['a transparent PNG', () => photo.clone().ensureAlpha(0.4).png(), 1],
    ['a 16-bit PNG', () => photo.clone().toColourspace('rgb16').png(), 1],
    ['a PNG in Display P3', () => photo.clone().withIccProfile('p3').png(), 3],
  ])('decodes %s as in Node', async (_name, encode, tolerance) => {
    const bytes = await encode().toBuffer();
    const [inPage, inNode] = [await decodeInPage('new Blob([bytes])', bytes), await decodeImage(bytes)];
    expect([inPage.width, inPage.height]).toEqual([inNode.width, inNode.height]);
    expect(largest(inPage, inNode)).toBeLessThanOrEqual(tolerance);
  });

  test('decodes a portable pixmap as in Node', async () => {
    const bytes = Buffer.concat([Buffer.from('P6 2 1 255\n'), Buffer.from([1, 2, 3, 4, 5, 6])]);
    expect([...(await decodeInPage('bytes', bytes)).data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test.each([
    ['a File', "new File([bytes], 'a.png')"],
    ['an ArrayBuffer', 'bytes.buffer'],
    ['an ImageBitmap', 'createImageBitmap(new Blob([bytes]))'],
    [
      'ImageData',
      "createImageBitmap(new Blob([bytes])).then((b) => { const c = new OffscreenCanvas(b.width, b.height).getContext('2d'); c.drawImage(b, 0, 0); return c.getImageData(0, 0, b.width, b.height); })",
    ],
    [
      'a canvas',
      "createImageBitmap(new Blob([bytes])).then((b) => { const c = document.createElement('canvas'); c.width = b.width; c.height = b.height; c.getContext('2d').drawImage(b, 0, 0); return c; })",
    ],
    [
      'an <img>',
      '(async () => { const i = new Image(); i.src = URL.createObjectURL(new Blob([bytes])); await i.decode(); return i; })()',
    ],
    [
      'a video frame',
      'createImageBitmap(new Blob([bytes])).then((b) => new VideoFrame(b, { timestamp: 0 }))',
    ],
  ])('reads %s', async (_name, expression) => {
    const bytes = await photo.clone().png().toBuffer();
    const [inPage, inNode] = [await decodeInPage(expression, bytes), await decodeImage(bytes)];
    expect([inPage.width, inPage.height]).toEqual([width, height]);
    expect(largest(inPage, inNode)).toBeLessThanOrEqual(1);
  });

  test('explains what a page cannot read', async () => {
    await expect(decodeInPage("'photo.jpg'")).rejects.toThrow(
      /photo.jpg: a page cannot read a path; give a File/,
    );
    await expect(decodeInPage('bytes', Buffer.from('text'))).rejects.toThrow(
      /convert it to JPEG, PNG or WebP/,
    );
    await expect(decodeInPage('new Image()')).rejects.toThrow(/no pixels: wait for it to load/);
    await expect(decodeInPage("document.createElement('video')")).rejects.toThrow(/wait for the first frame/);
    await expect(decodeInPage('({})')).rejects.toThrow(/this object is no image; give a File/);
  });
});
