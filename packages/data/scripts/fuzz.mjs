// Feeds mutated files to a reader of images. Each must end in an error that names the file or a valid result, in limited time and
// memory.
//   npm run fuzz -w packages/data -- [rec|tar|csv|parquet|bin …] [--count 20000] [--seed 1] [--from 0]
// Without a format, all of them: 100,000 files. The same seed gives the same inputs. Failing inputs are reported, and written to
// .cache/fuzz-failures/.
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';

// An input that takes longer hangs, even on a busy machine.
const HANG_MS = 30_000;
const FORMATS = ['rec', 'tar', 'csv', 'parquet', 'bin'];

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
  },
});
const [count, seed, from] = [values.count, values.seed, values.from].map(Number);
if (!positionals.every((name) => FORMATS.includes(name)) || ![count, seed, from].every(Number.isInteger)) {
  console.error(
    `Usage: npm run fuzz -w packages/data -- [${FORMATS.join('|')} …] [--count N] [--seed N] [--from N]`,
  );
  process.exit(2);
}

const bundle = path(`.cache/fuzz-${process.pid}.mjs`);
await build({
  entryPoints: [path('fuzz/worker.ts')],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  // Sources in TypeScript, which plain Node cannot import.
  alias: { '@unitsphere/testing': path('../../tools/testing/src') },
});
try {
  let isClean = true;
  for (const format of positionals.length > 0 ? positionals : FORMATS) {
    isClean = (await fuzz(format)) && isClean;
  }
  process.exitCode = isClean ? 0 : 1;
} finally {
  rmSync(bundle, { force: true });
}

async function fuzz(format) {
  const failures = path('.cache/fuzz-failures');
  mkdirSync(failures, { recursive: true });
  const current = new SharedArrayBuffer(4);
  const startedAt = performance.now();
  let failed = 0;
  const fail = (message) => {
    failed++;
    console.error(`✗ ${format} ${message}`);
  };
  const total = await new Promise((resolve) => {
    const worker = new Worker(bundle, {
      workerData: { format, seed, from, to: from + count, repository: path('../..'), current, failures },
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
    const index = new Int32Array(current);
    let last = -1;
    const watch = setInterval(() => {
      const now = Atomics.load(index, 0);
      if (now === last) {
        fail(`input ${now} hangs`);
        worker.terminate();
      }
      last = now;
    }, HANG_MS);
    worker.on('message', ({ failure, done }) => {
      if (failure) fail(failure);
      if (done) resolve(done);
    });
    worker.on('error', (error) =>
      fail(`input ${Atomics.load(index, 0)} terminates the thread: ${error.stack}`),
    );
    worker.on('exit', () => {
      clearInterval(watch);
      resolve(undefined);
    });
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  if (total) {
    console.log(
      `${format}, seed ${seed}: ${count} inputs in ${seconds} s: ${total.read} read, ${total.refused} refused, ${total.failed} failed; slowest ${total.slowest.toFixed(1)} ms, at most ${(100 * total.buffers).toFixed(0)} % of the limit of buffers; at most ${total.rss.toFixed(0)} MiB resident`,
    );
  }
  return total !== undefined && failed === 0;
}
