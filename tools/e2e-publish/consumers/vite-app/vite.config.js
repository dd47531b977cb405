import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fontFiles } from '@unitsphere/data';
import { defineConfig } from 'vite';

const wasm = 'node_modules/@tensorflow/tfjs-backend-wasm/dist/';

/** Copies files that the page loads by URL at run time: TensorFlow.js's WebAssembly files and fonts. */
const servedFiles = {
  name: 'served-files',
  generateBundle() {
    for (const name of readdirSync(wasm).filter((n) => n.endsWith('.wasm'))) {
      this.emitFile({ type: 'asset', fileName: `wasm/${name}`, source: readFileSync(wasm + name) });
    }
    for (const { package: name, file } of fontFiles) {
      const source = readFileSync(`node_modules/${name}/${file}`);
      this.emitFile({ type: 'asset', fileName: `fonts/${basename(file)}`, source });
    }
  },
};

export default defineConfig({
  plugins: [servedFiles],
  worker: { format: 'es' },
  build: { target: 'es2022', chunkSizeWarningLimit: 4000 },
});
