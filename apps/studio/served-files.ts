import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { fontFiles } from '@unitsphere/data';
import type { Plugin } from 'vite';

const require = createRequire(import.meta.url);

const WASM = ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm'];

/** What is served beside the page, by its address: fonts that documents are drawn with, TensorFlow.js's WebAssembly. */
const files = new Map<string, string>([
  ...fontFiles.map(({ package: name, file }) => [`fonts/${basename(file)}`, `${name}/${file}`] as const),
  ...WASM.map((name) => [`wasm/${name}`, `@tensorflow/tfjs-backend-wasm/dist/${name}`] as const),
]);

const read = (address: string) => readFileSync(require.resolve(files.get(address)!));

/** Serves packages' files that are loaded by their address at run time, and puts them into the build. */
export function servedFiles(): Plugin {
  return {
    name: 'served-files',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const address = (request.url ?? '').slice(1).split('?')[0];
        if (!files.has(address)) return next();
        response.setHeader('content-type', address.endsWith('.wasm') ? 'application/wasm' : 'font/woff');
        response.end(read(address));
      });
    },
    generateBundle() {
      for (const fileName of files.keys()) this.emitFile({ type: 'asset', fileName, source: read(fileName) });
    },
  };
}
