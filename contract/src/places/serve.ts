import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { bundlePage, findWasmFolder } from './bundle-page.js';

/** Headers that make the page cross-origin isolated, so that it has SharedArrayBuffer. */
const ISOLATION = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** URL path of TensorFlow.js's `.wasm` files. */
export const WASM_FOLDER = '/wasm/';

/** Server of the contract's page on loopback. */
export interface PageServer {
  /** URL of the page without special headers. */
  plain: string;
  /** URL of the cross-origin isolated page. */
  isolated: string;
  close(): void;
}

const PAGE = '<!doctype html><title>contract</title><script type="module" src="contract.js"></script>';

/** Serves the page, its script, and TensorFlow.js's `.wasm` files under {@link WASM_FOLDER}. */
export async function servePage(): Promise<PageServer> {
  const script = await bundlePage();
  const server = createServer(async ({ url = '/' }, response) => {
    const [, folder, file = ''] = url.split('/');
    const send = (type: string, body: string | Uint8Array) =>
      response.writeHead(200, { 'content-type': type, ...(folder === 'plain' ? {} : ISOLATION) }).end(body);
    if (folder === 'wasm' && file.endsWith('.wasm')) {
      send('application/wasm', await readFile(join(findWasmFolder(), basename(file))));
    } else if (file === 'contract.js') send('text/javascript', script);
    else if (file === '') send('text/html', PAGE);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    plain: `${address}/plain/`,
    isolated: `${address}/isolated/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
