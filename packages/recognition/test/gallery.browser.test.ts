import { fileURLToPath } from 'node:url';
import { isChromiumInstalled, launchChromium } from '@unitsphere/testing/chromium';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as Recognition from '../src/index.js';
import { createGallery, ExactIndex } from '../src/index.js';

const DIMENSIONS = 32;
const ROWS = 10_000;

/** Draws embeddings by a formula, so that the page and Node have the same ones. */
function drawEmbeddings(count: number, dimensions: number, from: number): Float32Array[] {
  return Array.from({ length: count }, (_, n) =>
    Float32Array.from(
      { length: dimensions },
      (_, d) => Math.fround(Math.sin((n + from) * 12.9898 + d * 78.233) * 43.7) % 1,
    ),
  );
}

describe.skipIf(!isChromiumInstalled('the browser test of galleries'))('in Chromium', () => {
  let browser: Browser;
  let script: string;

  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('../src/index.ts', import.meta.url))],
      bundle: true,
      format: 'iife',
      globalName: 'recognition',
      platform: 'browser',
      logLevel: 'error',
      write: false,
    });
    script = outputFiles[0].text;
    browser = await launchChromium();
  }, 60_000);

  afterAll(() => browser?.close());

  test.each<{ title: string; headers: Record<string, string>; isIsolated: boolean }>([
    { title: 'one thread', headers: {}, isIsolated: false },
    {
      title: 'threads with shared memory',
      headers: {
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
      },
      isIsolated: true,
    },
  ])('finds with $title what Node finds', { timeout: 60_000 }, async ({ headers, isIsolated }) => {
    const page = await browser.newPage();
    await page.route('http://localhost/**', (route) =>
      route.fulfill({ body: '<!doctype html><title>gallery</title>', contentType: 'text/html', headers }),
    );
    await page.goto('http://localhost/');
    await page.addScriptTag({ content: script });
    await page.addScriptTag({ content: `globalThis.drawEmbeddings = ${drawEmbeddings}` });
    const found = await page.evaluate(
      async ([rows, dimensions]) => {
        const { recognition, drawEmbeddings: draw } = globalThis as never as {
          recognition: typeof Recognition;
          drawEmbeddings: typeof drawEmbeddings;
        };
        const index = new recognition.ExactIndex(dimensions, { threads: 2 });
        const gallery = await recognition.createGallery({ embeddingSize: dimensions, index });
        const embeddings = draw(300, dimensions, 0);
        for (let n = 0; n < 300; n++) await gallery.enroll(`identity ${n}`, embeddings[n]);
        const { threshold } = await gallery.calibrate({ falseAcceptRate: 0.05 });
        const recognized = await gallery.recognizeMany(draw(10, dimensions, 5000), { k: 3 });
        const bytes = await gallery.toBytes();
        const again = await recognition.openGallery(bytes);
        // Enough values that a second thread takes part.
        const large = new recognition.ExactIndex(dimensions, { threads: 2 });
        large.add(draw(rows, dimensions, 0).map((embedding, n) => ({ template: n, identity: n, embedding })));
        const matches = await large.search(draw(100, dimensions, 9000), 5);
        large.close();
        return { threshold, recognized, matches, size: again.size, isIsolated: crossOriginIsolated };
      },
      [ROWS, DIMENSIONS] as const,
    );
    await page.close();
    const gallery = await createGallery({ embeddingSize: DIMENSIONS });
    for (const [n, embedding] of drawEmbeddings(300, DIMENSIONS, 0).entries()) {
      await gallery.enroll(`identity ${n}`, embedding);
    }
    const { threshold } = await gallery.calibrate({ falseAcceptRate: 0.05 });
    const recognized = await gallery.recognizeMany(drawEmbeddings(10, DIMENSIONS, 5000), { k: 3 });
    const index = new ExactIndex(DIMENSIONS, { threads: 1 });
    index.add(
      drawEmbeddings(ROWS, DIMENSIONS, 0).map((embedding, n) => ({ template: n, identity: n, embedding })),
    );
    const matches = await index.search(drawEmbeddings(100, DIMENSIONS, 9000), 5);
    expect(found).toEqual({ threshold, recognized, matches, size: 300, isIsolated });
  });
});
