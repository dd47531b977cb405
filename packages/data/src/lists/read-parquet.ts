import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import * as zlib from 'node:zlib';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { AsyncBuffer, ColumnMetaData, Compressors, FileMetaData, SchemaElement } from 'hyparquet';
import { checkColumns, type ListRow } from './list-row.js';

/** Rows that a byte of a file may stand for; real lists have a path in each. */
const MOST_ROWS_A_BYTE = 64;
/** Columns of a list that are read; others may hold anything. */
const isListColumn = (name: string) =>
  /^(path|file_name|label|split|category|is_query|is_gallery|[xy]_[1-4]|(left|right)(eye|mouth)_[xy]|nose_[xy])$/.test(
    name,
  );

/**
 * Yields the rows of a Parquet file, a row group at a time. hyparquet decodes them, after a check of their sizes. Columns must be
 * flat; uncompressed, or compressed by Snappy, gzip, Brotli or (from Node 22.15 on) Zstandard.
 * @param name The file in messages.
 * @throws Error if it is not such a file.
 */
export async function* readParquet(file: string, name: string): AsyncGenerator<ListRow> {
  const fd = openSync(file, 'r');
  try {
    const buffer = bufferOf(fd, fstatSync(fd).size);
    const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
    const { checkPages } = await import('./parquet-pages.js');
    const refuse = (error: unknown) =>
      new Error(`"${name}" is not a Parquet file that can be read: ${(error as Error).message}.`, {
        cause: error,
      });
    let metadata: FileMetaData;
    let fields: Map<string, SchemaElement>;
    try {
      metadata = await parquetMetadataAsync(buffer, { geoparquet: false });
      fields = checkMetadata(metadata, buffer.byteLength);
    } catch (error) {
      throw refuse(error);
    }
    checkColumns(`"${name}"`, [...fields.keys()]);
    const columns = [...fields.keys()].filter(isListColumn);
    let rowStart = 0;
    for (const { columns: chunks, num_rows } of metadata.row_groups) {
      const rows = Number(num_rows);
      let group: Record<string, unknown>[];
      try {
        for (const column of columns) {
          const found = chunks.filter(({ meta_data }) => meta_data?.path_in_schema[0] === column);
          const meta = found[0]?.meta_data;
          if (found.length !== 1 || !meta || meta.path_in_schema.length !== 1) {
            throw new Error(`the column "${column}" is not a flat column of the file`);
          }
          const isOptional = fields.get(column)?.repetition_type !== 'REQUIRED';
          checkPages({ bytes: buffer.slice(...rangeOf(meta)), column: meta, rows, isOptional }, COMPRESSORS);
        }
        const rowEnd = rowStart + rows;
        group = await parquetReadObjects({
          file: buffer,
          metadata,
          columns,
          rowStart,
          rowEnd,
          compressors: COMPRESSORS,
        });
      } catch (error) {
        throw refuse(error);
      }
      for (const [i, values] of group.entries()) yield { at: `Row ${rowStart + i + 1} of "${name}"`, values };
      rowStart += rows;
    }
  } finally {
    closeSync(fd);
  }
}

/** A file that is read at once. */
interface FileBuffer extends AsyncBuffer {
  slice(start: number, end?: number): ArrayBuffer;
}

/** Returns a file as hyparquet reads it. A part that is not in the file is an error. */
function bufferOf(fd: number, size: number): FileBuffer {
  return {
    byteLength: size,
    slice(start, end = size) {
      if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= size)) {
        throw new Error(`it refers to bytes ${start} to ${end}, but has ${size}`);
      }
      const bytes = new Uint8Array(end - start);
      let done = 0;
      while (done < bytes.length) {
        const count = readSync(fd, bytes, done, bytes.length - done, start + done);
        if (count === 0) throw new Error('it became shorter while it was read');
        done += count;
      }
      return bytes.buffer;
    },
  };
}

/** Returns the flat columns. @throws Error if the counts of a file do not fit its size. */
function checkMetadata(
  { schema, row_groups, num_rows }: FileMetaData,
  size: number,
): Map<string, SchemaElement> {
  const rows = row_groups.map((group) => Number(group.num_rows));
  const total = rows.reduce((sum, count) => sum + count, 0);
  if (rows.some((count) => !(count >= 0)) || total !== Number(num_rows))
    throw new Error('its numbers of rows differ');
  if (total > MOST_ROWS_A_BYTE * size) throw new Error(`it announces ${total} rows in ${size} bytes`);
  // The first element is the root; an element with children is a group, which lists do not have.
  const isFlat = schema.length - 1 === schema[0]?.num_children;
  const flat = schema
    .slice(1)
    .filter(({ num_children, repetition_type }) => !num_children && repetition_type !== 'REPEATED');
  return new Map((isFlat ? flat : topLevel(schema)).map((element) => [element.name, element]));
}

/** Returns the columns that are not within a group. */
function topLevel(schema: readonly SchemaElement[]): SchemaElement[] {
  const flat: SchemaElement[] = [];
  let within = 0;
  for (const element of schema.slice(1)) {
    if (within === 0 && !element.num_children && element.repetition_type !== 'REPEATED') flat.push(element);
    if (within > 0) within--;
    within += element.num_children ?? 0;
  }
  return flat;
}

function rangeOf({
  dictionary_page_offset,
  data_page_offset,
  total_compressed_size,
}: ColumnMetaData): [number, number] {
  const start = Number(dictionary_page_offset || data_page_offset);
  return [start, start + Number(total_compressed_size)];
}

const unpack =
  (decompress: (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array) =>
  (bytes: Uint8Array, length: number) =>
    decompress(bytes, { maxOutputLength: Math.max(1, length) });

/** Node's own decompressors; hyparquet has that of Snappy. */
const COMPRESSORS: Compressors = {
  GZIP: unpack(gunzipSync),
  BROTLI: unpack(brotliDecompressSync),
  ZSTD: unpack((bytes, options) => {
    const decompress = (zlib as { zstdDecompressSync?: typeof gunzipSync }).zstdDecompressSync;
    if (!decompress)
      throw new Error('Zstandard requires Node 22.15 or newer; write the list with compression="snappy"');
    return decompress(bytes, options);
  }),
};
