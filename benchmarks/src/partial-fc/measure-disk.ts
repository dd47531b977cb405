import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Summary, summarize } from '../measure/statistics.js';
import { forgetFile } from './page-cache.js';

/** Times of the disk for the reads of one step, without any other work. */
export interface DiskFigures {
  /** Bytes of the record of one class in the file: its center and the state of its optimizer. */
  recordBytes: number;
  /** Bytes that a step reads if nothing is in memory. */
  bytesPerStep: number;
  /** Milliseconds to read the records of a step, one after the other. */
  oneReader: Summary;
  /** The same with four concurrent reads, the number of I/O threads of the file store. */
  fourReaders: Summary;
}

/**
 * Returns the bytes per class of a center file, which has a short header and one record of fixed size for each class.
 * Exact if there are more classes than the header has bytes (8,192).
 */
export function readRecordBytes(path: string, classes: number): number {
  return Math.floor(statSync(path).size / classes);
}

/**
 * Measures reads of records at random positions of a new file that is not in the page cache.
 * @param classes Number of records that the file has room for.
 * @param count Number of records read.
 */
export async function measureDisk(
  folder: string,
  classes: number,
  recordBytes: number,
  count: number,
  repetitions: number,
): Promise<DiskFigures> {
  const path = join(folder, 'disk');
  // One position in each of `count` stretches of the file, in random order.
  const positions = Array.from({ length: count }, (_, i) =>
    Math.floor(((i + Math.random()) * (classes - 1)) / count),
  )
    .map((row) => row * recordBytes)
    .sort(() => Math.random() - 0.5);
  const file = openSync(path, 'w');
  const record = randomBytes(recordBytes);
  for (const position of positions) writeSync(file, record, 0, recordBytes, position);
  fsyncSync(file);
  closeSync(file);
  const time = async (read: () => Promise<void>) => {
    const times: number[] = [];
    for (let i = 0; i < repetitions; i++) {
      forgetFile(path);
      const start = performance.now();
      await read();
      times.push(performance.now() - start);
    }
    return summarize(times);
  };
  try {
    return {
      recordBytes,
      bytesPerStep: count * recordBytes,
      oneReader: await time(async () => {
        const fd = openSync(path, 'r');
        for (const position of positions) readSync(fd, record, 0, recordBytes, position);
        closeSync(fd);
      }),
      fourReaders: await time(async () => {
        const handle = await open(path);
        await Promise.all(
          [0, 1, 2, 3].map(async (reader) => {
            const buffer = new Uint8Array(recordBytes);
            for (let i = reader; i < count; i += 4) await handle.read(buffer, 0, recordBytes, positions[i]);
          }),
        );
        await handle.close();
      }),
    };
  } finally {
    rmSync(path);
  }
}
