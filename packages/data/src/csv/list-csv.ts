import { createReadStream, type Stats, statSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { IMAGE_EXTENSIONS } from '@unitsphere/images';
import { CsvError, parse } from 'csv-parse';
import type { EncodedImages } from '../encoded/encoded-images.js';
import { repeatedId, TableBuilder } from '../encoded/image-table.js';
import { listSkipped } from '../encoded/open-decoded.js';
import { reserve, sharedArray } from '../encoded/packed-names.js';
import { STAT_VALUES } from '../encoded/reader-specs.js';
import type { SkippedFile } from '../source.js';

/** Longest line; a file that is not a list has longer ones. */
const LONGEST_LINE = 2 ** 16;
const ROWS_PER_TURN = 5000;
const BOX = ['x_1', 'y_1', 'x_2', 'y_2'] as const;

/**
 * Lists the images of a CSV file with a header, as open-metric-learning has it: the columns `path` and `label`, and optionally
 * `split`. Paths are relative to the file. An identity is a label; with a split it is named `SPLIT/LABEL`, as in a folder with
 * subfolders for the parts. `is_query` and `is_gallery` are not used: every image of an identity is compared with every other.
 *
 * @throws Error if the file cannot be read, a column is missing, there are boxes (`x_1` …), or fewer than two identities.
 */
export async function listCsv(path: string): Promise<EncodedImages> {
  const full = resolve(path);
  if (!statSync(full, { throwIfNoEntry: false })?.isFile()) {
    throw new Error(
      `The file "${path}" does not exist. Give the path of a CSV file with the columns path and label.`,
    );
  }
  const dir = dirname(full);
  const builder = new TableBuilder();
  const skipped: SkippedFile[] = [];
  let stats = new Float64Array(64);
  let rows = 0;
  for await (const { line, values } of readRows(full, path)) {
    const { path: file, label, split } = values;
    const at = `Line ${line} of "${path}"`;
    if (!file || !label) throw new Error(`${at} lacks its ${file ? 'label' : 'path'}.`);
    if (BOX.some((column) => values[column])) {
      throw new Error(
        `${at} has a box (${BOX.join(', ')}), and boxes are not cropped; crop the images first.`,
      );
    }
    const info = describeFile(resolve(dir, file));
    if (typeof info === 'string') skipped.push({ file, reason: info });
    else {
      const identity = (split ? `${split}/${label}` : label).normalize('NFC');
      const position = builder.add(identity, file, info.size);
      stats = reserve(stats, (position + 1) * STAT_VALUES);
      stats.set([info.mtimeMs, info.ctimeMs, info.ino], position * STAT_VALUES);
    }
    if (++rows % ROWS_PER_TURN === 0) await new Promise((next) => setTimeout(next));
  }
  const { table, order } = builder.finish('as-added');
  const repeated = repeatedId(table);
  if (repeated !== undefined)
    throw new Error(`"${path}" lists "${repeated}" twice; remove one of the lines.`);
  const identities = table.starts.length - 1;
  if (identities < 2) {
    throw new Error(
      `"${path}" lists ${builder.count} images of ${identities} identities; at least 2 identities are required. ${listSkipped(skipped)}`,
    );
  }
  const ordered = sharedArray(Float64Array, STAT_VALUES * order.length);
  for (let i = 0; i < order.length; i++) {
    ordered.set(stats.subarray(order[i] * STAT_VALUES, (order[i] + 1) * STAT_VALUES), i * STAT_VALUES);
  }
  return {
    name: `the list "${path}"`,
    place: `csv ${full}`,
    table,
    reader: { kind: 'folder', dir, stats: ordered },
    skipped,
  };
}

/** Yields the rows of a CSV file by the names of their columns. @throws Error if it is not a CSV file with path and label. */
async function* readRows(
  file: string,
  path: string,
): AsyncGenerator<{ line: number; values: Record<string, string | undefined> }> {
  const parser = parse({
    bom: true,
    columns: (header: string[]) => {
      const names = header.map((name) => name.trim());
      for (const column of ['path', 'label']) {
        if (names.includes(column)) continue;
        throw new Error(
          `"${path}" has no column "${column}"; its first line names ${names.slice(0, 20).join(', ')}.`,
        );
      }
      return names;
    },
    info: true,
    max_record_size: LONGEST_LINE,
    skip_empty_lines: true,
    trim: true,
  });
  const input = createReadStream(file);
  input.on('error', (error) => parser.destroy(error));
  input.pipe(parser);
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: Record<string, string>;
      info: { lines: number };
    }>) {
      yield { line: info.lines, values: record };
    }
  } catch (error) {
    if (error instanceof CsvError)
      throw new Error(`"${path}" is not a CSV file: ${error.message}`, { cause: error });
    throw error;
  } finally {
    input.destroy();
  }
}

/** Returns the attributes of an image file, or why it cannot be used. */
function describeFile(file: string): Stats | string {
  if (!IMAGE_EXTENSIONS.includes(extname(file).toLowerCase())) {
    return `not an image extension; supported are ${IMAGE_EXTENSIONS.join(' ')}`;
  }
  try {
    const info = statSync(file);
    return info.isFile() ? info : 'not a file';
  } catch (error) {
    return (error as Error).message;
  }
}
