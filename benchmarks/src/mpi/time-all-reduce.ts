// Rank of the benchmark of all-reduces: times MpiCommunicator.allReduce and the loop of all-reduce.c in turns.
// Arguments: LIBRARY ROUNDS BYTES… Prints a line for each turn of both: BYTES OURS THEIRS, the mean microseconds of a call.
import { connectMpi, type MpiCommunicator } from '@unitsphere/mpi';
import koffi from 'koffi';

/** Calls before the first turn, in which the engine compiles the code. */
const WARM_UP = 2000;
/** Bytes that a turn reduces, which gives small sizes many iterations. */
const BYTES_A_TURN = 2 ** 26;

const [library, rounds, ...sizes] = process.argv.slice(2) as [string, string, ...string[]];
const communicator = await connectMpi();
const timeLibrary = koffi
  .load(library)
  .func('double time_all_reduce(float *data, int count, int iterations)') as (
  data: Float32Array,
  count: number,
  iterations: number,
) => number;

timeAllReduce(communicator, new Float32Array(2 ** 12), WARM_UP);
for (let round = 0; round < Number(rounds); round++) {
  for (const bytes of sizes.map(Number)) {
    const iterations = Math.min(200, Math.max(4, Math.round(BYTES_A_TURN / bytes)));
    const data = new Float32Array(bytes / 4).map((_, i) => communicator.rank + (i % 7));
    const times = new Float64Array(2);
    // Each goes first in every other round.
    for (const who of round % 2 ? [0, 1] : [1, 0]) {
      times[who] = who
        ? timeLibrary(data, data.length, iterations)
        : timeAllReduce(communicator, data, iterations);
    }
    communicator.allReduce(times, 'mean');
    if (communicator.rank === 0) console.log([bytes, ...times].join(' '));
  }
}
communicator.close();

/** The loop of all-reduce.c. */
function timeAllReduce(communicator: MpiCommunicator, data: Float32Array, iterations: number): number {
  let total = 0;
  for (let i = -Math.floor(iterations / 5) - 1; i < iterations; i++) {
    communicator.barrier();
    const begun = performance.now();
    communicator.allReduce(data);
    if (i >= 0) total += performance.now() - begun;
    for (let j = 0; j < data.length; j += 1024) data[j] = communicator.rank;
  }
  return (1000 * total) / iterations;
}
