import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from '@unitsphere/testing/backends';
import { FAKE_CAMERA, isChromiumInstalled, launchChromium } from '@unitsphere/testing/chromium';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEmbedder, type Embedder, embedderFiles } from '../src/index.js';
import { SMALL } from './helpers.js';

const wasm = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json'));
// Pages of this host may use a camera without a certificate.
const ORIGIN = 'http://localhost/';

/** A photograph-like picture: smooth colors, edges and a little noise. */
function photograph(width: number, height: number) {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    const [x, y] = [(pixel % width) / width, Math.floor(pixel / width) / height];
    const disk = (x - 0.4) ** 2 + (y - 0.6) ** 2 < 0.06 ? 90 : 0;
    const grain = ((i * 2654435761) >>> 24) / 16;
    return 50 + disk + 60 * (1 + Math.sin(9 * x + 4 * y + channel)) + grain * (channel === 1 ? 1 : 0.5);
  });
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

describe.skipIf(!isChromiumInstalled('the browser test of the embedder'))('in Chromium', () => {
  let browser: Browser;
  let page: Page;
  let embedder: Embedder;
  let files: Record<string, Uint8Array>;
  let script: string;

  beforeAll(async () => {
    await start('wasm');
    embedder = await createEmbedder({ ...SMALL, imageSize: 96, embeddingSize: 64 }, { seed: 4 });
    files = await embedderFiles(embedder);
    const { outputFiles } = await build({
      stdin: {
        contents:
          "export * from './src/index.ts'; export { useBackend } from '@unitsphere/backends'; export * as tf from '@tensorflow/tfjs-core';",
        resolveDir: fileURLToPath(new URL('..', import.meta.url)),
      },
      bundle: true,
      format: 'iife',
      globalName: 'unitsphere',
      platform: 'browser',
      logLevel: 'silent',
      write: false,
    });
    script = outputFiles[0].text;
    browser = await launchChromium(FAKE_CAMERA);
    page = await openPage({});
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    embedder?.dispose();
  });

  /** Opens a page with the model as `embedder`. */
  async function openPage(headers: Record<string, string>): Promise<Page> {
    const page = await browser.newPage();
    await page.route(`${ORIGIN}**`, (route) => {
      const name = basename(new URL(route.request().url()).pathname);
      if (name.endsWith('.wasm')) {
        const body = readFileSync(join(wasm, 'dist', name));
        return route.fulfill({ contentType: 'application/wasm', body });
      }
      if (name === '') return route.fulfill({ contentType: 'text/html', body: '<!doctype html>', headers });
      return Object.hasOwn(files, name)
        ? route.fulfill({ body: Buffer.from(files[name]) })
        : route.fulfill({ status: 404 });
    });
    await page.goto(ORIGIN);
    await page.addScriptTag({ content: script });
    await page.evaluate(async (address) => {
      const scope = globalThis as never as Record<string, never>;
      const { useBackend, loadEmbedder } = scope.unitsphere as never as typeof import('../src/index.js') & {
        useBackend(name: string, options: object): Promise<void>;
      };
      await useBackend('wasm', { wasmPaths: `${address}wasm/` });
      scope.embedder = (await loadEmbedder('/model')) as never;
    }, ORIGIN);
    return page;
  }

  async function embedInPage(bytes: Uint8Array): Promise<number[]> {
    return page.evaluate(async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      const { embedder } = globalThis as never as { embedder: Embedder };
      return Array.from(await embedder.embed(new Blob([bytes])));
    }, Buffer.from(bytes).toString('base64'));
  }

  test('loads a model from a URL, with the same fingerprint', async () => {
    const fingerprint = await page.evaluate(
      () => (globalThis as never as { embedder: Embedder }).embedder.fingerprint,
    );
    expect(fingerprint).toBe(embedder.fingerprint);
  });

  test.each([
    ['JPEG', () => photograph(640, 420).jpeg({ quality: 85 })],
    ['JPEG turned by EXIF', () => photograph(420, 640).withMetadata({ orientation: 8 }).jpeg()],
    ['PNG', () => photograph(300, 500).png()],
    ['transparent PNG', () => photograph(300, 300).ensureAlpha(0.5).png()],
    ['WebP', () => photograph(500, 400).webp({ quality: 80 })],
    ['PNG smaller than the input', () => photograph(70, 50).png()],
  ])('embeds a %s as in Node', async (_name, encode) => {
    const bytes = await encode().toBuffer();
    const [inPage, inNode] = [await embedInPage(bytes), await embedder.embed(bytes)];
    const cosine = inNode.reduce((sum, value, i) => sum + value * inPage[i], 0);
    expect(cosine).toBeGreaterThan(0.999);
  });

  test('would show another crop of the same picture', async () => {
    const bytes = await photograph(640, 420).png().toBuffer();
    const other = await createEmbedder(
      {
        ...embedder.config,
        preprocessing: { cropMode: 'center' },
      },
      { state: await embedder.stateDict() },
    );
    const [inPage, cropped] = [await embedInPage(bytes), await other.embed(bytes)];
    other.dispose();
    expect(cropped.reduce((sum, value, i) => sum + value * inPage[i], 0)).toBeLessThan(0.999);
  });

  test('embeds the picture of a camera, as a video and as raw frames', async () => {
    const { cosines, format, tensors } = await page.evaluate(async () => {
      const { embedder, unitsphere } = globalThis as never as {
        embedder: Embedder;
        unitsphere: { tf: { memory(): { numTensors: number } } };
      };
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
      const [track] = stream.getVideoTracks();
      // What the lib of TypeScript lacks.
      const { MediaStreamTrackProcessor } = globalThis as never as {
        MediaStreamTrackProcessor: new (options: object) => { readable: ReadableStream<VideoFrame> };
      };
      const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
      const raw = (await reader.read()).value as VideoFrame;
      const drawn = new OffscreenCanvas(raw.displayWidth, raw.displayHeight);
      drawn.getContext('2d')?.drawImage(raw, 0, 0);
      const video = document.createElement('video');
      video.muted = true;
      video.srcObject = stream;
      await video.play();
      video.pause();
      const ofVideo = new VideoFrame(video);
      const before = unitsphere.tf.memory().numTensors;
      const embeddings = await embedder.embed([raw, drawn, video, ofVideo]);
      const tensors = unitsphere.tf.memory().numTensors - before;
      const { format } = raw;
      for (const frame of [raw, ofVideo]) frame.close();
      await reader.cancel();
      track.stop();
      const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
      const cosines = [cosine(embeddings[0], embeddings[1]), cosine(embeddings[2], embeddings[3])];
      return { cosines, format, tensors };
    });
    // A frame in the camera's colors, which is no RGB.
    expect(['I420', 'NV12']).toContain(format);
    for (const cosine of cosines) expect(cosine).toBeGreaterThan(0.999);
    expect(tensors).toBe(0);
  });

  test('threads of a cross-origin isolated page give the same bits as one', async () => {
    const isolated = await openPage({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    });
    const [alone, threaded] = await isolated.evaluate(async () => {
      const { embedder, unitsphere } = globalThis as never as {
        embedder: Embedder;
        unitsphere: typeof import('../src/index.js');
      };
      const images = Array.from({ length: 5 }, (_, n) => ({
        width: 96,
        height: 96,
        data: Uint8Array.from({ length: 96 * 96 * 3 }, (_, i) => (i * 2654435761 + n * 40503) >>> 13),
      }));
      const other = await unitsphere.loadEmbedder('/model', { threads: 2 });
      const embedAll = async (embedder: Embedder) => {
        const found = [await embedder.embed(images[0]), ...(await embedder.embed(images))];
        return found.map((embedding) => Array.from(embedding));
      };
      const both = [await embedAll(embedder), await embedAll(other)];
      other.dispose();
      return both;
    });
    expect(threaded).toHaveLength(6);
    expect(threaded).toEqual(alone);
    await isolated.close();
  });

  test('names the headers that threads require in a page', async () => {
    const refused = await page.evaluate(async () => {
      const { unitsphere } = globalThis as never as { unitsphere: typeof import('../src/index.js') };
      try {
        await unitsphere.loadEmbedder('/model', { threads: 2 });
        return undefined;
      } catch (error) {
        const { name, code, message } = error as { name: string; code: string; message: string };
        return { name, code, message };
      }
    });
    expect(refused).toMatchObject({ name: 'EmbedderError', code: 'RUNTIME_UNAVAILABLE' });
    expect(refused?.message).toContain('Cross-Origin-Embedder-Policy: require-corp');
  });

  test('embeds many files of a page, and keeps no tensor', async () => {
    const [before, after, lengths] = await page.evaluate(async () => {
      const { embedder, unitsphere } = globalThis as never as {
        embedder: Embedder;
        unitsphere: { tf: { memory(): { numTensors: number } } };
      };
      const canvas = Object.assign(document.createElement('canvas'), { width: 40, height: 30 });
      canvas.getContext('2d')?.fillRect(5, 5, 20, 20);
      const images = [canvas, await createImageBitmap(canvas), new ImageData(20, 20)];
      await embedder.embed(canvas);
      const before = unitsphere.tf.memory().numTensors;
      const embeddings = await embedder.embed(images, { batchSize: 2 });
      return [before, unitsphere.tf.memory().numTensors, embeddings.map((e) => e.length)] as const;
    });
    expect(after).toBe(before);
    expect(lengths).toEqual([64, 64, 64]);
  });
});
