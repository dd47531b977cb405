// Feeds mutated JPEG files to the native decoder. Each must be refused or decoded to the pixels of sharp, in limited time.
//   npm run fuzz -w packages/images -- [jpeg] [--count 100000] [--seed 1] [--from 0]
import { runFuzz } from '../../../tools/testing/src/fuzz/run-fuzz.mjs';

process.env.UNITSPHERE_NATIVE = '1';
await runFuzz({
  script: import.meta.url,
  formats: ['jpeg'],
  heapMegabytes: 512,
  describe: ({ compared, rss }) => `${rss.toFixed(0)} MiB resident; ${compared} compared with sharp`,
});
