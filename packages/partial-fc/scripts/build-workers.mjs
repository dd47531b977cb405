// Bundles the worker thread of the file store into a string: npm run build:js -w packages/partial-fc
import { inlineWorker } from '../../../tools/workspace/inline-worker.mjs';

await inlineWorker(import.meta.url, {
  entry: 'src/file/row-worker.ts',
  output: 'src/file/row-worker.generated.ts',
});
