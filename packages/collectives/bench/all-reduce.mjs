// Compares the rate of allReduce with that of copying the same array: npm run bench -w packages/collectives [-- ranks]
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { serveReplica, withReplicas } from '@unitsphere/collectives';

const SIZES = [2 ** 8, 2 ** 14, 2 ** 18, 2 ** 20, 2 ** 22];

/** Measures the milliseconds of one call, the best of many. */
function timeBest(call, rounds) {
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now();
    call();
    best = Math.min(best, performance.now() - begun);
  }
  return best;
}

function measure(communicator) {
  return SIZES.map((length) => {
    const [data, copy] = [new Float32Array(length), new Float32Array(length)];
    const rounds = length > 2 ** 20 ? 30 : 200;
    communicator.barrier();
    return {
      length,
      copy: timeBest(() => copy.set(data), rounds),
      reduce: timeBest(() => communicator.allReduce(data), rounds),
    };
  });
}

if (isMainThread) {
  const size = Number(process.argv[2] ?? 2);
  const options = { size, file: fileURLToPath(import.meta.url) };
  for (const { length, copy, reduce } of await withReplicas(options, measure)) {
    const rate = (ms) => `${((4 * length) / ms / 1e6).toFixed(2)} GB/s`;
    console.log(
      `${String(length).padStart(8)} floats, ${size} ranks: allReduce ${(1000 * reduce).toFixed(0)} µs (${rate(reduce)}), memcpy ${(1000 * copy).toFixed(1)} µs (${rate(copy)})`,
    );
  }
} else {
  await serveReplica(({ communicator }) => void measure(communicator));
}
