import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { fontFiles } from '@unitsphere/data';
import type { Plugin } from 'vite';

const require = createRequire(import.meta.url);

const WASM = ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm'];

/** Files that are served next to the page, by their address: the fonts for drawing documents, and TensorFlow.js's WebAssembly. */
const files = new Map<string, string>([
  ...fontFiles.map(({ package: name, file }) => [`fonts/${basename(file)}`, `${name}/${file}`] as const),
  ...WASM.map((name) => [`wasm/${name}`, `@tensorflow/tfjs-backend-wasm/dist/${name}`] as const),
]);

const read = (file: string) => readFileSync(require.resolve(file));

/** Creates a Vite plugin that serves these files, which are loaded by address at run time, and copies them into the build. */
export function serveFiles(): Plugin {
  return {
    name: 'served-files',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const address = (request.url ?? '').slice(1).split('?')[0];
        const file = files.get(address);
        if (file === undefined) return next();
        response.setHeader('content-type', address.endsWith('.wasm') ? 'application/wasm' : 'font/woff');
        response.end(read(file));
      });
    },
    generateBundle() {
      for (const [fileName, file] of files) this.emitFile({ type: 'asset', fileName, source: read(file) });
    },
  };
}
