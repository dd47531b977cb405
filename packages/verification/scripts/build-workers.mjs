import { inlineWorker } from '../../../tools/workspace/inline-worker.mjs';

await inlineWorker(import.meta.url, {
  entry: 'src/all-pairs/counting-thread.ts',
  output: 'src/all-pairs/counting-thread.generated.ts',
});
