import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { RecordLayout } from '../../../packages/partial-fc/src/file/record.js';
import { type Summary, summarize } from '../measure/statistics.js';
import { forgetFile } from './page-cache.js';

/** What the disk can do: as many records, as far apart, read plainly. */
export interface DiskFigures {
  /** Of a class in the file: its center and its optimizer's state. */
  recordBytes: number;
  /** What a step reads when nothing is in memory. */
  bytesPerStep: number;
  /** Milliseconds for a step's records, one after the other. */
  oneReader: Summary;
  /** The same with four reads under way at a time, as many as the file store has threads. */
  fourReaders: Summary;
}

/** Reads records at random places of a new file, each time after the system forgot it. */
export async function measureDisk(
  folder: string,
  classes: number,
  dimensions: number,
  count: number,
  repetitions: number,
): Promise<DiskFigures> {
  const recordBytes = new RecordLayout(['weight', 'exp_avg', 'exp_avg_sq'], dimensions).bytes;
  const path = join(folder, 'disk');
  // Each in its own stretch of the file, in another order than they lie.
  const places = Array.from({ length: count }, (_, i) =>
    Math.floor(((i + Math.random()) * (classes - 1)) / count),
  )
    .map((row) => row * recordBytes)
    .sort(() => Math.random() - 0.5);
  const file = openSync(path, 'w');
  const record = randomBytes(recordBytes);
  for (const place of places) writeSync(file, record, 0, recordBytes, place);
  fsyncSync(file);
  closeSync(file);
  const timed = async (read: () => Promise<void>) => {
    const times: number[] = [];
    for (let i = 0; i < repetitions; i++) {
      forgetFile(path);
      const begun = performance.now();
      await read();
      times.push(performance.now() - begun);
    }
    return summarize(times);
  };
  try {
    return {
      recordBytes,
      bytesPerStep: count * recordBytes,
      oneReader: await timed(async () => {
        const fd = openSync(path, 'r');
        for (const place of places) readSync(fd, record, 0, recordBytes, place);
        closeSync(fd);
      }),
      fourReaders: await timed(async () => {
        const handle = await open(path);
        await Promise.all(
          [0, 1, 2, 3].map(async (reader) => {
            const into = new Uint8Array(recordBytes);
            for (let i = reader; i < count; i += 4) await handle.read(into, 0, recordBytes, places[i]);
          }),
        );
        await handle.close();
      }),
    };
  } finally {
    rmSync(path);
  }
}
