import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { basename, dirname, extname, join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

/** Path of the browser: CHROMIUM_PATH, or Debian's. */
const chromiumPath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
/** Why tests in a browser are skipped; undefined if there is one. */
export const missingBrowser = existsSync(chromiumPath)
  ? undefined
  : `There is no browser at ${chromiumPath}. Install Chromium or set CHROMIUM_PATH.`;

// SwiftShader is Chromium's software adapter, for machines without a graphics card.
const FLAGS = ['--no-sandbox', '--disable-quic', '--enable-unsafe-webgpu', '--enable-unsafe-swiftshader'];
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};
const PAGE = `<!doctype html><title>onnxruntime-web</title><script type="module">
import * as ort from '/ort/ort.webgpu.min.mjs';
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';
globalThis.ort = ort;
</script>`;

/** A page of headless Chromium with onnxruntime-web. */
export interface OnnxPage {
  page: Page;
  /** Files that the page can fetch by their names. */
  files: Map<string, Uint8Array>;
  /** Runs a model with one input and one output. */
  run(
    provider: 'wasm' | 'webgpu',
    bytes: Uint8Array,
    input: Float32Array,
    dims: readonly number[],
  ): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Opens the page. Models reach it over loopback, because arguments of `evaluate` are slow for megabytes. */
export async function openOnnxPage(): Promise<OnnxPage> {
  const runtimeFolder = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
  const files = new Map<string, Uint8Array>();
  const server = createServer(async ({ url = '/' }, response) => {
    const name = basename(url);
    const send = (type: string, body: string | Uint8Array) =>
      response.writeHead(200, { 'content-type': type }).end(body);
    const file = files.get(url.slice(1));
    const type = TYPES[extname(name)] ?? 'application/octet-stream';
    if (url === '/') send('text/html', PAGE);
    else if (file) send(type, file);
    else if (url.startsWith('/ort/') && existsSync(join(runtimeFolder, name))) {
      send(type, await readFile(join(runtimeFolder, name)));
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({ executablePath: chromiumPath, args: FLAGS });
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction(() => 'ort' in globalThis);
  return {
    page,
    files,
    async run(provider, bytes, input, dims) {
      files.set('model', bytes);
      files.set('input', new Uint8Array(input.buffer, input.byteOffset, input.byteLength));
      const values = await page.evaluate(
        async ({ provider, dims }) => {
          const runtime = (globalThis as unknown as { ort: typeof import('onnxruntime-web') }).ort;
          const fetchBytes = async (name: string) => (await fetch(`/${name}`)).arrayBuffer();
          const model = new Uint8Array(await fetchBytes('model'));
          const session = await runtime.InferenceSession.create(model, { executionProviders: [provider] });
          try {
            const images = new runtime.Tensor('float32', new Float32Array(await fetchBytes('input')), dims);
            const results = await session.run({ [session.inputNames[0]]: images });
            return Array.from((await results[session.outputNames[0]].getData()) as Float32Array);
          } finally {
            await session.release();
          }
        },
        { provider, dims },
      );
      return Float32Array.from(values);
    },
    async close() {
      await browser.close();
      server.close();
      server.closeAllConnections();
    },
  };
}
