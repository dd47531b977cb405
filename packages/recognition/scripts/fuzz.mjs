// Opens mutated gallery files. Each must end in a GalleryStoreError or a correct gallery, in limited time and memory.
//   npm run fuzz -w packages/recognition -- [--count 100000] [--seed 1] [--from 0]
import { runFuzz } from '../../../tools/testing/src/fuzz/run-fuzz.mjs';

await runFuzz({
  script: import.meta.url,
  formats: ['gallery'],
  heapMegabytes: 256,
  describe: ({ buffers }) => `${(100 * buffers).toFixed(0)} % of the limit of buffers`,
});
