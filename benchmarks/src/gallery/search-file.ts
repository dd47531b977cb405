// Searches a file of float32 rows with ExactIndex, in a separate process so that its memory can be measured.
import { open } from 'node:fs/promises';
import { ExactIndex } from '@unitsphere/recognition';
import { readPeakRss } from '../contender/process-memory.js';
import type { GalleryTurn } from './run-gallery.js';

const [path, rowsText, dimensionsText, queriesText, kText, scan, threadsText] = process.argv.slice(2);
const [rows, dimensions, queries, k, threads] = [
  rowsText,
  dimensionsText,
  queriesText,
  kText,
  threadsText,
].map(Number);

const footprint = readPeakRss();
const file = await open(path);
/** Reads rows of the file, which has the gallery's first and then the queries. */
async function readRows(from: number, count: number): Promise<Float32Array> {
  const values = new Float32Array(count * dimensions);
  await file.read(new Uint8Array(values.buffer), 0, values.byteLength, 4 * from * dimensions);
  return values;
}
const start = performance.now();
const index = new ExactIndex(dimensions, { scan: scan as 'int8' | 'float32', threads });
const CHUNK = 8192;
for (let from = 0; from < rows; from += CHUNK) {
  const values = await readRows(from, Math.min(CHUNK, rows - from));
  index.add(
    Array.from({ length: values.length / dimensions }, (_, n) => ({
      template: from + n,
      identity: from + n,
      embedding: values.subarray(n * dimensions, (n + 1) * dimensions),
    })),
  );
}
const buildSeconds = (performance.now() - start) / 1000;
const values = await readRows(rows, queries);
const milliseconds: number[] = [];
const processorMilliseconds: number[] = [];
const found: number[][] = [];
for (let q = 0; q < queries; q++) {
  const query = values.subarray(q * dimensions, (q + 1) * dimensions);
  const before = process.cpuUsage();
  const started = performance.now();
  const [matches] = await index.search([query], k);
  milliseconds.push(performance.now() - started);
  const { user, system } = process.cpuUsage(before);
  processorMilliseconds.push((user + system) / 1000);
  found.push(matches.map(({ identity }) => identity));
}
index.close();
await file.close();
const turn: GalleryTurn = {
  milliseconds,
  processorMilliseconds,
  found,
  buildSeconds,
  peakRss: readPeakRss(),
  footprint,
  about: '',
};
console.log(JSON.stringify(turn));
