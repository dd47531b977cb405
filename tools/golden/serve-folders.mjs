import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const TYPES = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

/**
 * Serves folders on loopback, and an empty page at /. Models are too large for arguments of `evaluate` and answers of `route`.
 * @param {Record<string, string>} folders Folders by the first part of their paths, such as { files: '/tmp/models' }.
 * @returns The page's address, and `close`.
 */
export async function serveFolders(folders) {
  const server = createServer(({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    if (pathname === '/')
      return response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>');
    const [, prefix, ...parts] = pathname.split('/').map(decodeURIComponent);
    const path = normalize(`/${parts.join('/')}`);
    const file = Object.hasOwn(folders, prefix) ? join(folders[prefix], path) : '';
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { address: `http://127.0.0.1:${server.address().port}/`, close };
}
