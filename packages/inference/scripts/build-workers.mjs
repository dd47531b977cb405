import { inlineWorker } from '../../../tools/workspace/inline-worker.mjs';

await inlineWorker(import.meta.url, {
  entry: 'src/threads/kernel-thread.ts',
  output: 'src/threads/kernel-thread.generated.ts',
});
