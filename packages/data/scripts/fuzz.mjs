// Feeds mutated files to a reader of images. Each must end in an error that names the file or a valid result, in limited time and
// memory.
//   npm run fuzz -w packages/data -- [rec|tar|csv|parquet|bin …] [--count 20000] [--seed 1] [--from 0]
// Without a format, all of them: 100,000 files.
import { fileURLToPath } from 'node:url';
import { runFuzz } from '../../../tools/testing/src/fuzz/run-fuzz.mjs';

await runFuzz({
  script: import.meta.url,
  formats: ['rec', 'tar', 'csv', 'parquet', 'bin'],
  count: 20_000,
  heapMegabytes: 512,
  workerData: { repository: fileURLToPath(new URL('../../..', import.meta.url)) },
  describe: ({ buffers, rss }) =>
    `${(100 * buffers).toFixed(0)} % of the limit of buffers; at most ${rss.toFixed(0)} MiB resident`,
});
