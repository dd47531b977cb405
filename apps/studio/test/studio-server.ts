import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.woff': 'font/woff',
};

// Replaces the data worker of the page: fetches batches of the test by their step.
const BATCHES_WORKER = `
let started = false;
onmessage = async ({ data }) => {
  if (!started) return void (started = true);
  const answer = await fetch(new URL('/batches/' + data.step, location));
  const images = new Uint8Array(await answer.arrayBuffer());
  const times = { disk: 0, decoding: 0, drawing: 0, augmentation: 0 };
  postMessage({ step: data.step, images, times }, [images.buffer]);
};`;

/** Lets nothing leave the server's origin; stricter pages add to it. */
const POLICY =
  "default-src 'self' blob: data:; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'";

/** A server of the built page on loopback. */
export interface StudioServer {
  address: string;
  /** Batches that replace those of the page's data worker. If undefined, the page draws its own. */
  batches: readonly Uint8Array[] | undefined;
  close(): void;
}

/** Builds the page from the current source into a folder. */
export async function buildStudio(outDir: string): Promise<void> {
  await build({
    root: fileURLToPath(new URL('..', import.meta.url)),
    logLevel: 'error',
    build: { outDir, emptyOutDir: true, minify: false, reportCompressedSize: false },
  });
}

/** Serves a built page, like any static server. */
export async function serveStudio(folder: string): Promise<StudioServer> {
  const server = createServer(async ({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    const send = (type: string, body: string | Uint8Array) =>
      response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY }).end(body);
    try {
      const [, first, step] = pathname.split('/');
      if (studio.batches && first === 'batches') {
        send('application/octet-stream', studio.batches[Number(step)]);
      } else if (studio.batches && pathname.includes('data-worker')) {
        send('text/javascript', BATCHES_WORKER);
      } else {
        const file = join(folder, normalize(pathname === '/' ? '/index.html' : pathname));
        send(TYPES[extname(file)] ?? 'application/octet-stream', await readFile(file));
      }
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const studio: StudioServer = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    batches: undefined,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return studio;
}
