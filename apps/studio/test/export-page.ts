import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { inputValues, type PixelImage, type Preprocessing } from '@unitsphere/images';
import { unzipSync } from 'fflate';
import type { Page } from 'playwright-core';

const runtimeFolder = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));

// A module, because Vitest would rewrite an import in a function of a test.
const START_RUNTIME = `import * as ort from './ort.wasm.min.mjs';
ort.env.wasm.numThreads = 1;
globalThis.ort = ort;`;

/** Exports the model in the page. @returns What the page says of the file. */
export async function exportModel(page: Page, format: string): Promise<string> {
  const before = await page.locator('#export li').count();
  await page.selectOption('#export select', format);
  await page.click('#export button');
  await page.waitForFunction(
    (count) =>
      document.querySelectorAll('#export li').length > count ||
      !(document.querySelector('#failure') as HTMLElement).hidden,
    before,
    { timeout: 120_000 },
  );
  return page.locator('#export li').nth(before).innerText();
}

/** Downloads an exported archive. @returns Its files by name, without the folder. */
export async function downloadExport(page: Page, index: number): Promise<Record<string, Uint8Array>> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.locator('#export li a').nth(index).click(),
  ]);
  const all = Object.entries(unzipSync(readFileSync(await download.path())));
  const entries = all.filter(([name]) => !name.endsWith('/'));
  return Object.fromEntries(entries.map(([name, bytes]) => [name.split('/')[1], bytes]));
}

/** Runs an ONNX file in the page on onnxruntime-web. Images have the network's size and RGB order. */
export async function runInPage(
  page: Page,
  model: Uint8Array,
  images: readonly PixelImage[],
  preprocessing: Preprocessing,
): Promise<number[][]> {
  const size = preprocessing.imageSize ** 2;
  const values = inputValues(images, preprocessing);
  const input = values.map((_, i) => {
    const [image, c, pixel] = [Math.floor(i / (3 * size)), Math.floor(i / size) % 3, i % size];
    return values[3 * (image * size + pixel) + c];
  });
  const serve = (name: string, body: Uint8Array) =>
    page.route(`**/${name}`, (route) => route.fulfill({ body: Buffer.from(body) }));
  await serve('exported.onnx', model);
  await serve('exported.f32', new Uint8Array(input.buffer));
  await page.route('**/ort/*', (route) => {
    const name = new URL(route.request().url()).pathname.split('/').at(-1) as string;
    const contentType = name.endsWith('.wasm') ? 'application/wasm' : 'text/javascript';
    const body = name === 'start.js' ? START_RUNTIME : readFileSync(join(runtimeFolder, name));
    return route.fulfill({ contentType, body });
  });
  await page.addScriptTag({ type: 'module', url: new URL('ort/start.js', page.url()).href });
  await page.waitForFunction(() => 'ort' in globalThis);
  const dims = [images.length, 3, preprocessing.imageSize, preprocessing.imageSize];
  const flat = await page.evaluate(async (dims) => {
    const { ort } = globalThis as unknown as { ort: typeof import('onnxruntime-web') };
    const fetchBytes = async (name: string) => (await fetch(name)).arrayBuffer();
    const session = await ort.InferenceSession.create(new Uint8Array(await fetchBytes('exported.onnx')));
    const tensor = new ort.Tensor('float32', new Float32Array(await fetchBytes('exported.f32')), dims);
    const { embeddings } = await session.run({ pixel_values: tensor });
    return Array.from((await embeddings.getData()) as Float32Array);
  }, dims);
  const width = flat.length / images.length;
  return images.map((_, i) => flat.slice(i * width, (i + 1) * width));
}
