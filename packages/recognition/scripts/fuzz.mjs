// Opens mutated gallery files. Each must end in a GalleryStoreError or a correct gallery, in limited time and memory.
//   npm run fuzz -w packages/recognition -- [--count 100000] [--seed 1] [--from 0]
// The same seed gives the same inputs. Failing inputs are reported, and written to fuzz-failures/.
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';

// An input that takes longer hangs, even on a busy machine.
const HANG_MS = 30_000;

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
  },
});
const [count, seed, from] = [values.count, values.seed, values.from].map(Number);
if (![count, seed, from].every(Number.isInteger)) {
  console.error('Usage: npm run fuzz -w packages/recognition -- [--count N] [--seed N] [--from N]');
  process.exit(2);
}

const bundle = path(`.fuzz-${process.pid}.mjs`);
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
  process.exitCode = (await fuzz()) ? 0 : 1;
} finally {
  rmSync(bundle, { force: true });
}

async function fuzz() {
  const folder = path('fuzz-failures');
  mkdirSync(folder, { recursive: true });
  const current = new SharedArrayBuffer(4);
  const startedAt = performance.now();
  let failures = 0;
  const fail = (message) => {
    failures++;
    console.error(`✗ ${message}`);
  };
  const total = await new Promise((resolve) => {
    const worker = new Worker(bundle, {
      workerData: { seed, from, to: from + count, current, folder },
      // The stack is no larger than in a browser.
      resourceLimits: { maxOldGenerationSizeMb: 256, stackSizeMb: 1 },
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
      `gallery files, seed ${seed}: ${count} inputs in ${seconds} s: ${total.read} read, ${total.refused} refused, ${total.failed} failed; slowest ${total.slowest.toFixed(1)} ms, at most ${(100 * total.buffers).toFixed(0)} % of the limit of buffers`,
    );
  }
  return total !== undefined && failures === 0;
}
