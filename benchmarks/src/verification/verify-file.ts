// Verifies all pairs of a file of float32 rows with verifyAllPairs, in a separate process so that its memory can be measured.
import { open } from 'node:fs/promises';
import { verifyAllPairs } from '@unitsphere/verification';
import { readPeakRss } from '../contender/process-memory.js';
import { readCheckpoint, type Spent, writeCheckpoint } from './checkpoint.js';
import type { VerificationTurn } from './run-verification.js';

const [path, ...numbers] = process.argv.slice(2);
const [rows, dimensions, imagesEach, threads] = numbers.slice(0, 4).map(Number) as [
  number,
  number,
  number,
  number,
];
const fprs = numbers[4].split(',').map(Number);
const checkpoint = numbers[5];

const footprint = readPeakRss();
const embeddings = new Float32Array(rows * dimensions);
const bytes = new Uint8Array(embeddings.buffer);
const file = await open(path);
for (let at = 0; at < bytes.length; ) {
  const { bytesRead } = await file.read(bytes, at, Math.min(2 ** 28, bytes.length - at), at);
  if (bytesRead === 0) throw new Error(`${path} has fewer than ${rows} rows.`);
  at += bytesRead;
}
await file.close();
const labels = Int32Array.from({ length: rows }, (_, row) => Math.floor(row / imagesEach));

const resumed = checkpoint === undefined ? undefined : await readCheckpoint(checkpoint);
const earlier = resumed?.spent ?? { seconds: 0, processorSeconds: 0, peakRss: 0 };
let lastReport = performance.now();
const before = process.cpuUsage();
const start = performance.now();
const measureSpent = (): Spent => {
  const { user, system } = process.cpuUsage(before);
  return {
    seconds: earlier.seconds + (performance.now() - start) / 1000,
    processorSeconds: earlier.processorSeconds + (user + system) / 1e6,
    peakRss: Math.max(earlier.peakRss, readPeakRss()),
  };
};
let first: number | undefined;
const { auroc, tprAtFpr } = await verifyAllPairs(embeddings, dimensions, labels, {
  threads,
  fprs,
  resumeFrom: resumed?.state,
  onCheckpoint:
    checkpoint === undefined ? undefined : (state) => writeCheckpoint(checkpoint, state, measureSpent()),
  onProgress: ({ pairs, total }) => {
    first ??= pairs;
    if (performance.now() - lastReport < 2000 || pairs === first) return;
    lastReport = performance.now();
    const left = ((lastReport - start) / 60_000) * ((total - pairs) / (pairs - first));
    console.error(
      `progress ${rows} rows: ${((100 * pairs) / total).toFixed(1)} %, ${left.toFixed(1)} minutes left`,
    );
  },
});
const turn: VerificationTurn = {
  ...measureSpent(),
  earlier: earlier.processorSeconds,
  footprint,
  auroc,
  tpr: tprAtFpr.map(({ tpr }) => tpr),
  about: `${threads} threads`,
};
console.log(JSON.stringify(turn));
