import { inlineWorker } from '../../../tools/workspace/inline-worker.mjs';

await inlineWorker(import.meta.url, {
  entry: 'src/search/scan-thread.ts',
  output: 'src/search/scan-thread.generated.ts',
});
