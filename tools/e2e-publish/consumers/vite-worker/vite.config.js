import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vite';

const folder = 'node_modules/@tensorflow/tfjs-backend-wasm/dist/';

/** TensorFlow.js loads these at run time: they are put beside the page, in wasm/. */
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
