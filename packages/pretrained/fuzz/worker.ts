import { writeFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { type FormatName, fuzzFormats } from './formats.js';
import { FuzzRandom } from './random.js';
import { LIMITS, runCase } from './run-case.js';

/** What the main thread asks for. */
export interface Work {
  format: FormatName;
  seed: number;
  from: number;
  to: number;
  checkpoints: Uint8Array[];
  /** The index of the input that is being read: the main thread sees a hang by it. */
  current: SharedArrayBuffer;
  /** Where a failing input is written to. */
  folder: string;
}

const { format: name, seed, from, to, checkpoints, current, folder } = workerData as Work;
const format = fuzzFormats(checkpoints)[name];
const index = new Int32Array(current);
const counts = { read: 0, refused: 0, failed: 0 };
let slowest = 0;
// The most that was taken, as a fraction of what may be.
let buffers = 0;
let heap = 0;
for (let i = from; i < to; i++) {
  const bytes = format.input(new FuzzRandom(seed * 1_000_003 + i));
  Atomics.store(index, 0, i);
  const result = runCase(format, bytes);
  const { outcome, problem } = result;
  counts[outcome]++;
  slowest = Math.max(slowest, result.milliseconds);
  buffers = Math.max(buffers, result.buffers / LIMITS.buffers(bytes.length, format));
  heap = Math.max(heap, result.heap / LIMITS.heap(bytes.length, format));
  if (problem) {
    const file = `${folder}/${name}-${seed}-${i}.bin`;
    writeFileSync(file, bytes);
    parentPort!.postMessage({ failure: `input ${i} (${bytes.length} bytes, ${file}): ${problem}` });
  }
}
parentPort!.postMessage({ done: { ...counts, slowest, buffers, heap } });
