import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { FuzzRandom } from '@unitsphere/testing/fuzz/random';
import { Fuzzer, type FuzzFormat } from './formats.js';

/** Work that the main thread assigns. */
export interface Work {
  readonly format: FuzzFormat;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** Folder of the repository. */
  readonly repository: string;
  /** Index of the current input, by which the main thread detects a hang. */
  readonly current: SharedArrayBuffer;
  /** Folder to which failing inputs are written. */
  readonly folder: string;
}

/** Buffers that reading a file may allocate: a part of the file, windows of a fixed size, and pages of a list. */
const mostBuffers = (bytes: number) => 64 * 2 ** 20 + 2000 * bytes;

if (!parentPort) throw new Error('worker.ts must run in a worker thread.');
const { format, seed, from, to, repository, current, folder: failures } = workerData as Work;
const folder = mkdtempSync(join(tmpdir(), 'unitsphere-fuzz-'));
const fuzzer = new Fuzzer(format, repository, folder);
const index = new Int32Array(current);
const counts = { read: 0, refused: 0, failed: 0 };
let slowest = 0;
let buffers = 0;
try {
  for (let i = from; i < to; i++) {
    const input = fuzzer.input(new FuzzRandom(seed * 1_000_003 + i));
    Atomics.store(index, 0, i);
    const begun = performance.now();
    const before = process.memoryUsage().arrayBuffers;
    let problem: string | undefined;
    try {
      counts[await fuzzer.read(input)]++;
    } catch (error) {
      counts.failed++;
      problem = (error as Error).stack;
    }
    const used = process.memoryUsage().arrayBuffers - before;
    buffers = Math.max(buffers, used / mostBuffers(input.bytes.length));
    if (used > mostBuffers(input.bytes.length)) problem ??= `${used} bytes of buffers`;
    slowest = Math.max(slowest, performance.now() - begun);
    if (problem) {
      const file = join(failures, `${seed}-${i}-${input.file.replaceAll('/', '-')}`);
      writeFileSync(file, input.bytes);
      parentPort.postMessage({ failure: `input ${i} (${input.bytes.length} bytes, ${file}): ${problem}` });
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
parentPort.postMessage({
  done: { ...counts, slowest, buffers, rss: process.resourceUsage().maxRSS / 1024 },
});
