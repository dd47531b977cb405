// Runs a package's fuzzer: the scripts `scripts/fuzz.mjs` of packages. Plain JavaScript, so that Node runs it without a build.
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';

// An input that takes longer hangs, even on a busy machine.
const HANG_MS = 30_000;

/**
 * Feeds mutated inputs to a package's `fuzz/worker.ts` on a thread, and prints what became of them. Arguments of the command line:
 * formats (default: all), `--count`, `--seed` and `--from`. The same seed gives the same inputs. Failing inputs are reported, and
 * written to `fuzz-failures/` of the package. Sets the exit code.
 *
 * The worker gets `{ format, seed, from, to, current, folder, ...workerData }`. It stores the number of each input in `current` before it
 * begins, and posts `{ failure }` for each problem and at its end `{ done: { read, refused, failed, slowest, … } }`.
 *
 * @param {object} options
 * @param {string} options.script `import.meta.url` of the package's script.
 * @param {string[]} options.formats Names of what is fuzzed.
 * @param {number} [options.count] Inputs of each format, unless `--count` says otherwise.
 * @param {number} options.heapMegabytes Limit of the thread's heap.
 * @param {Record<string, unknown>} [options.workerData]
 * @param {(done: Record<string, number>) => string} options.describe Formats the largest allocations.
 */
export async function runFuzz({
  script,
  formats,
  count: defaultCount = 100_000,
  heapMegabytes,
  workerData = {},
  describe,
}) {
  const path = (name) => fileURLToPath(new URL(`../${name}`, script));
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      count: { type: 'string', default: String(defaultCount) },
      seed: { type: 'string', default: '1' },
      from: { type: 'string', default: '0' },
    },
  });
  const [count, seed, from] = [values.count, values.seed, values.from].map(Number);
  if (
    !positionals.every((name) => formats.includes(name)) ||
    ![count, seed, from].every((n) => Number.isInteger(n) && n >= 0)
  ) {
    console.error(`Usage: npm run fuzz -- [${formats.join('|')} …] [--count N] [--seed N] [--from N]`);
    process.exitCode = 2;
    return;
  }
  const bundle = path(`.fuzz-${process.pid}.mjs`);
  const folder = path('fuzz-failures');
  await build({
    entryPoints: [path('fuzz/worker.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    // Sources in TypeScript, which plain Node cannot import.
    alias: { '@unitsphere/testing': fileURLToPath(new URL('..', import.meta.url)) },
  });
  try {
    mkdirSync(folder, { recursive: true });
    let isClean = true;
    for (const format of positionals.length > 0 ? positionals : formats) {
      const data = { ...workerData, format, seed, from, to: from + count, folder };
      isClean = (await fuzzFormat(bundle, data, heapMegabytes, describe)) && isClean;
    }
    process.exitCode = isClean ? 0 : 1;
  } finally {
    rmSync(bundle, { force: true });
  }
}

/** Runs the worker, watches it, and returns whether no input failed. */
async function fuzzFormat(bundle, data, heapMegabytes, describe) {
  const { format, seed, from, to } = data;
  const current = new SharedArrayBuffer(4);
  const startedAt = performance.now();
  let failures = 0;
  const fail = (message) => {
    failures++;
    console.error(`✗ ${format} ${message}`);
  };
  const done = await new Promise((resolve) => {
    const worker = new Worker(bundle, {
      workerData: { ...data, current },
      // The stack is no larger than in a browser.
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes, stackSizeMb: 1 },
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
  if (done) {
    console.log(
      `${format}, seed ${seed}: ${to - from} inputs in ${seconds} s: ${done.read} read, ${done.refused} refused, ${done.failed} failed; slowest ${done.slowest.toFixed(1)} ms, at most ${describe(done)}`,
    );
  }
  return done !== undefined && failures === 0;
}
