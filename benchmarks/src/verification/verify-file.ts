// All pairs of a file of float32 rows, by verifyAllPairs: a process of its own, so that its memory is its own.
import { open } from 'node:fs/promises';
import { verifyAllPairs } from '@unitsphere/verification';
import { peakRss } from '../contender/process-memory.js';
import type { VerificationTurn } from './run-verification.js';

const [path, ...numbers] = process.argv.slice(2);
const [rows, dimensions, imagesEach, threads] = numbers.slice(0, 4).map(Number) as [
  number,
  number,
  number,
  number,
];
const fprs = numbers[4]!.split(',').map(Number);

const footprint = peakRss();
const embeddings = new Float32Array(rows * dimensions);
const bytes = new Uint8Array(embeddings.buffer);
const file = await open(path!);
for (let at = 0; at < bytes.length; ) {
  const { bytesRead } = await file.read(bytes, at, Math.min(2 ** 28, bytes.length - at), at);
  if (bytesRead === 0) throw new Error(`${path} is shorter than ${rows} rows.`);
  at += bytesRead;
}
await file.close();
const labels = Int32Array.from({ length: rows }, (_, row) => Math.floor(row / imagesEach));

let told = performance.now();
const before = process.cpuUsage();
const started = performance.now();
const { auroc, tprAtFpr } = await verifyAllPairs(embeddings, dimensions, labels, {
  threads,
  fprs,
  onProgress: ({ pairs, total }) => {
    if (performance.now() - told < 2000) return;
    told = performance.now();
    const left = ((told - started) / 60_000) * (total / pairs - 1);
    console.error(
      `progress ${rows} rows: ${((100 * pairs) / total).toFixed(1)} %, ${left.toFixed(1)} minutes left`,
    );
  },
});
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(before);
const turn: VerificationTurn = {
  seconds,
  processorSeconds: (user + system) / 1e6,
  peakRss: peakRss(),
  footprint,
  auroc,
  tpr: tprAtFpr.map(({ tpr }) => tpr),
  about: `${threads} threads`,
};
console.log(JSON.stringify(turn));
