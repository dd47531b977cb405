import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vite';

const folder = 'node_modules/@tensorflow/tfjs-backend-wasm/dist/';

/** Copies TensorFlow.js's WebAssembly files, which it loads by URL at run time, to wasm/ beside the page. */
const wasmFiles = {
  name: 'wasm-files',
  generateBundle() {
    for (const name of readdirSync(folder).filter((n) => n.endsWith('.wasm'))) {
      this.emitFile({ type: 'asset', fileName: `wasm/${name}`, source: readFileSync(folder + name) });
    }
  },
};

export default defineConfig({
  plugins: [wasmFiles],
  worker: { format: 'es' },
  build: { target: 'es2022', chunkSizeWarningLimit: 4000 },
});
