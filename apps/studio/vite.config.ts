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
  build: { target: 'es2022', chunkSizeWarningLimit: 2000 },
});
