import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { EncodedImages } from '../encoded/encoded-images.js';
import { listRows } from './list-rows.js';
import { readCsv } from './read-csv.js';
import { readParquet } from './read-parquet.js';

const READERS = { csv: readCsv, parquet: readParquet } as const;

/** Formats of lists. */
export type ListFormat = keyof typeof READERS;

/**
 * Lists the images of a CSV file with a header, or of a Parquet file; see `listRows` for the columns. Paths are relative to the file.
 * @throws Error if the file cannot be read, a column is missing, or what `listRows` throws.
 */
export async function listFile(path: string, format: ListFormat): Promise<EncodedImages> {
  const full = resolve(path);
  if (!statSync(full, { throwIfNoEntry: false })?.isFile()) {
    const kind = format === 'csv' ? 'CSV' : 'Parquet';
    throw new Error(
      `The file "${path}" does not exist. Give the path of a ${kind} file with the columns path and label.`,
    );
  }
  return listRows({
    name: `the list "${path}"`,
    place: `${format} ${full}`,
    dir: dirname(full),
    rows: READERS[format](full, path),
  });
}
