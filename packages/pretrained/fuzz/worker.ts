import { writeFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { type FormatName, fuzzFormats } from './formats.js';
import { FuzzRandom } from './random.js';
import { runCase } from './run-case.js';

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
let most = 0;
for (let i = from; i < to; i++) {
  const bytes = format.input(new FuzzRandom(seed * 1_000_003 + i));
  Atomics.store(index, 0, i);
  const { outcome, milliseconds, grown, problem } = runCase(format, bytes);
  counts[outcome]++;
  slowest = Math.max(slowest, milliseconds);
  most = Math.max(most, grown);
  if (problem) {
    const file = `${folder}/${name}-${seed}-${i}.bin`;
    writeFileSync(file, bytes);
    parentPort!.postMessage({ failure: `input ${i} (${bytes.length} bytes, ${file}): ${problem}` });
  }
}
parentPort!.postMessage({ done: { ...counts, slowest, most } });
