import { STYLES } from 'unitsphere/report';
import { defineConfig, type Plugin } from 'vite';
import { servedFiles } from './served-files.ts';

/** The report's style sheet in the page's head, so that results look here as they do there. */
const reportStyles: Plugin = {
  name: 'report-styles',
  transformIndexHtml: () => [{ tag: 'style', children: STYLES, injectTo: 'head-prepend' }],
};

export default defineConfig({
  // The page may lie in any folder of a server.
  base: './',
  plugins: [servedFiles(), reportStyles],
  worker: { format: 'es' },
  // Found at the start of the development server; found later, they would load the page anew in the midst of a training.
  optimizeDeps: {
    include: [
      '@tensorflow/tfjs-core',
      '@tensorflow/tfjs-backend-cpu',
      '@tensorflow/tfjs-backend-wasm',
      '@tensorflow/tfjs-backend-webgpu',
      'fflate',
      'unitsphere > yaml',
      'unitsphere > zod',
      'unitsphere > fastest-levenshtein',
    ],
  },
  build: { target: 'es2022', chunkSizeWarningLimit: 2000 },
});
