import { writeFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { FuzzRandom } from '@unitsphere/testing/fuzz/random';
import { createFuzzFormats, type FormatName } from './formats.js';
import { LIMITS, runCase } from './run-case.js';

/** Work that the main thread assigns. */
export interface Work {
  format: FormatName;
  seed: number;
  from: number;
  to: number;
  checkpoints: Uint8Array[];
  /** Index of the current input, by which the main thread detects a hang. */
  current: SharedArrayBuffer;
  /** Folder to which failing inputs are written. */
  folder: string;
}

if (!parentPort) throw new Error('worker.ts must run in a worker thread.');
const { format: name, seed, from, to, checkpoints, current, folder } = workerData as Work;
const format = createFuzzFormats(checkpoints)[name];
const index = new Int32Array(current);
const counts = { read: 0, refused: 0, failed: 0 };
let slowest = 0;
// Largest allocations, as fractions of their limits.
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
    parentPort.postMessage({ failure: `input ${i} (${bytes.length} bytes, ${file}): ${problem}` });
  }
}
parentPort.postMessage({ done: { ...counts, slowest, buffers, heap } });
