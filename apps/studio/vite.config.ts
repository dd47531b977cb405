import { STYLES } from 'unitsphere/report';
import { defineConfig, type Plugin } from 'vite';
import { addServiceWorker, serveReadyPage } from './extra-scripts.ts';
import { serveFiles } from './served-files.ts';
import { fillTexts } from './src/texts.ts';

/** Adds the style sheet of the report to the page, which shows the same results. */
const reportStyles: Plugin = {
  name: 'report-styles',
  transformIndexHtml: () => [{ tag: 'style', children: STYLES, injectTo: 'head-prepend' }],
};

/** Puts the texts into the page. */
const pageTexts: Plugin = { name: 'page-texts', transformIndexHtml: { order: 'pre', handler: fillTexts } };

/** What the first step shares with others: one file, because a round of requests takes half a second on a slow connection. */
const SHARED =
  /studio\/src\/(texts|describe-worker-failure|dom\/|state\/|data\/(with-path|add-failure)|recognize\/(model-of|limits))|preload-helper/;

export default defineConfig({
  // The page can be in any folder of a server.
  base: './',
  plugins: [serveFiles(), serveReadyPage(), reportStyles, pageTexts, addServiceWorker()],
  // The page exports on WebAssembly; the package's default entry would add another 27 MB to the build.
  resolve: { alias: [{ find: /^onnxruntime-web$/, replacement: 'onnxruntime-web/wasm' }] },
  worker: { format: 'es' },
  // Prebundled at the start of the development server. Finding them later would reload the page during a training.
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
  build: {
    target: 'es2022',
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [{ name: 'shared', test: SHARED, includeDependenciesRecursively: false }],
        },
      },
    },
  },
});
