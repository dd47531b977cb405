// Serves the built studio on loopback, as any static server does.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.woff': 'font/woff',
};

/** Folder of the build: `npm run build -w apps/studio`, or the first argument. */
export const folder = process.argv[2] ?? fileURLToPath(new URL('../../apps/studio/dist', import.meta.url));

/** @returns {Promise<{address: string, close(): void}>} */
export async function serveStudio() {
  if (!existsSync(join(folder, 'index.html'))) {
    throw new Error(`${folder} has no index.html. Build the page first: npm run build -w apps/studio`);
  }
  const server = createServer(async ({ url }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    const file = join(folder, normalize(pathname === '/' ? '/index.html' : pathname));
    try {
      const body = gzipSync(await readFile(file));
      const type = TYPES[extname(file)] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': type, 'content-encoding': 'gzip' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
