// All pairs of a file of float32 rows, by verifyAllPairs: a process of its own, so that its memory is its own.
import { open } from 'node:fs/promises';
import { verifyAllPairs } from '@unitsphere/verification';
import { peakRss } from '../contender/process-memory.js';
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

const footprint = peakRss();
const embeddings = new Float32Array(rows * dimensions);
const bytes = new Uint8Array(embeddings.buffer);
const file = await open(path);
for (let at = 0; at < bytes.length; ) {
  const { bytesRead } = await file.read(bytes, at, Math.min(2 ** 28, bytes.length - at), at);
  if (bytesRead === 0) throw new Error(`${path} is shorter than ${rows} rows.`);
  at += bytesRead;
}
await file.close();
const labels = Int32Array.from({ length: rows }, (_, row) => Math.floor(row / imagesEach));

const resumed = checkpoint === undefined ? undefined : await readCheckpoint(checkpoint);
const earlier = resumed?.spent ?? { seconds: 0, processorSeconds: 0, peakRss: 0 };
let told = performance.now();
const before = process.cpuUsage();
const started = performance.now();
const spent = (): Spent => {
  const { user, system } = process.cpuUsage(before);
  return {
    seconds: earlier.seconds + (performance.now() - started) / 1000,
    processorSeconds: earlier.processorSeconds + (user + system) / 1e6,
    peakRss: Math.max(earlier.peakRss, peakRss()),
  };
};
let first: number | undefined;
const { auroc, tprAtFpr } = await verifyAllPairs(embeddings, dimensions, labels, {
  threads,
  fprs,
  resumeFrom: resumed?.state,
  onCheckpoint: checkpoint === undefined ? undefined : (state) => writeCheckpoint(checkpoint, state, spent()),
  onProgress: ({ pairs, total }) => {
    first ??= pairs;
    if (performance.now() - told < 2000 || pairs === first) return;
    told = performance.now();
    const left = ((told - started) / 60_000) * ((total - pairs) / (pairs - first));
    console.error(
      `progress ${rows} rows: ${((100 * pairs) / total).toFixed(1)} %, ${left.toFixed(1)} minutes left`,
    );
  },
});
const turn: VerificationTurn = {
  ...spent(),
  earlier: earlier.processorSeconds,
  footprint,
  auroc,
  tpr: tprAtFpr.map(({ tpr }) => tpr),
  about: `${threads} threads`,
};
console.log(JSON.stringify(turn));
