import { writeFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { FuzzRandom } from '@unitsphere/testing/fuzz/random';
import { createInput, runCase } from './cases.js';
import { createSeeds } from './seeds.js';

/** Work that the main thread assigns. */
export interface Work {
  seed: number;
  from: number;
  to: number;
  /** Index of the current input, by which the main thread detects a hang. */
  current: SharedArrayBuffer;
  /** Folder to which failing inputs are written. */
  folder: string;
}

if (!parentPort) throw new Error('worker.ts must run in a worker thread.');
const { seed, from, to, current, folder } = workerData as Work;
const index = new Int32Array(current);
const seeds = await createSeeds();
const counts = { read: 0, refused: 0, failed: 0 };
let [slowest, buffers] = [0, 0];
for (let i = from; i < to; i++) {
  const input = createInput(new FuzzRandom(seed * 1_000_003 + i), seeds);
  Atomics.store(index, 0, i);
  const { outcome, milliseconds, buffers: fraction, problem } = await runCase(input);
  counts[outcome]++;
  slowest = Math.max(slowest, milliseconds);
  buffers = Math.max(buffers, fraction);
  if (problem) {
    const file = `${folder}/gallery-${seed}-${i}.bin`;
    writeFileSync(file, input.bytes);
    parentPort.postMessage({ failure: `input ${i} (${input.bytes.length} bytes, ${file}): ${problem}` });
  }
}
parentPort.postMessage({ done: { ...counts, slowest, buffers } });
