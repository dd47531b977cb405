import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { archiveFile } from '../encoded/archive-file.js';
import type { EncodedImages } from '../encoded/encoded-images.js';
import { TableBuilder } from '../encoded/image-table.js';
import { listSkipped } from '../encoded/open-decoded.js';
import { reserve, sharedArray } from '../encoded/packed-names.js';
import type { SkippedFile } from '../source.js';
import { RecordFile } from './record-file.js';

const RECORDS_PER_TURN = 5000;

/**
 * Lists the images of a RecordIO file as mxnet and insightface write them: `NAME.rec` with records, and `NAME.idx` with the key
 * and the offset of each. An identity is a label. If the first record lists ranges, as in insightface's training sets, the
 * records of identities after the images are left out. Without that record every record is an image. If `NAME.lst` (the list that
 * `im2rec` packs: key, label, path) lies beside it, an identity is named by the folder of its images, and an image by its path.
 *
 * @param path `NAME.rec`, or a folder with `train.rec`.
 * @throws Error if a file is missing or is not in the format, or there are fewer than two identities.
 */
export async function listRecords(path: string): Promise<EncodedImages> {
  const file = findRecords(path);
  const stem = file.replace(/\.rec$/i, '');
  const archive = archiveFile(file);
  const skipped: SkippedFile[] = [];
  const builder = new TableBuilder();
  let offsets = new Float64Array(64);
  let lengths = new Float64Array(64);
  const fd = openSync(file, 'r');
  try {
    const records = new RecordFile(fd, statSync(file).size);
    const index = readIndex(`${stem}.idx`);
    const names = readList(`${stem}.lst`);
    const last = lastImageKey(records, index);
    for (let i = 0; i < index.keys.length; i++) {
      const key = index.keys[i];
      if (last !== undefined && (key < 1 || key >= last)) continue;
      const offset = index.offsets[i];
      const id = names?.paths.get(key) ?? String(key);
      const found = records.describe(offset);
      if (typeof found === 'string') {
        skipped.push({ file: `${basename(file)}/${id}`, reason: found });
        continue;
      }
      const position = builder.add(
        names?.identities.get(found.label) ?? String(found.label),
        id,
        found.bytes,
      );
      offsets = reserve(offsets, position + 1);
      lengths = reserve(lengths, position + 1);
      offsets[position] = offset;
      lengths[position] = found.length;
      if (i % RECORDS_PER_TURN === 0) await new Promise((resolve) => setTimeout(resolve));
    }
  } finally {
    closeSync(fd);
  }
  const { table, order } = builder.finish('as-added');
  const identities = table.starts.length - 1;
  if (identities < 2) {
    throw new Error(
      `"${file}" has ${builder.count} images of ${identities} identities; at least 2 identities are required. ${listSkipped(skipped)}`,
    );
  }
  const pick = (values: Float64Array) => {
    const picked = sharedArray(Float64Array, order.length);
    for (let i = 0; i < order.length; i++) picked[i] = values[order[i]];
    return picked;
  };
  return {
    name: `the RecordIO file "${path}"`,
    place: `recordio ${resolve(file)}`,
    table,
    reader: {
      kind: 'archive',
      files: [archive],
      offsets: pick(offsets),
      lengths: pick(lengths),
      packing: 'recordio',
    },
    skipped,
  };
}

function findRecords(path: string): string {
  const full = resolve(path);
  const info = statSync(full, { throwIfNoEntry: false });
  const file = info?.isDirectory() ? join(full, 'train.rec') : full;
  if (existsSync(file)) return file;
  const what = info ? `The folder "${path}" has no train.rec` : `The file "${path}" does not exist`;
  throw new Error(`${what}. Give the path of a RecordIO file, NAME.rec.`);
}

/** Returns the first key after the images, as the record of key 0 states it; undefined if every record is an image. */
function lastImageKey(records: RecordFile, { keys, offsets }: RecordIndex): number | undefined {
  const zero = keys.indexOf(0);
  return zero < 0 ? undefined : records.labelsOf(offsets[zero])?.[0];
}

interface RecordIndex {
  readonly keys: Float64Array;
  readonly offsets: Float64Array;
}

/** Reads `NAME.idx`: a key and an offset a line. */
function readIndex(file: string): RecordIndex {
  if (!existsSync(file)) {
    throw new Error(
      `"${file}" is missing: the keys and the offsets of the records. Copy it beside the .rec file.`,
    );
  }
  let [keys, offsets] = [new Float64Array(1024), new Float64Array(1024)];
  let count = 0;
  forEachLine(file, (line, number) => {
    const match = /^(\d{1,15})\t(\d{1,15})$/.exec(line);
    if (!match)
      throw new Error(`Line ${number} of "${file}" is not a key and an offset, separated by a tab.`);
    keys = reserve(keys, count + 1);
    offsets = reserve(offsets, count + 1);
    keys[count] = Number(match[1]);
    offsets[count] = Number(match[2]);
    count++;
  });
  return { keys: keys.subarray(0, count), offsets: offsets.subarray(0, count) };
}

/** Reads `NAME.lst`, if it exists: a key, a label and a path a line. */
function readList(
  file: string,
): { readonly paths: Map<number, string>; readonly identities: Map<number, string> } | undefined {
  if (!existsSync(file)) return undefined;
  const paths = new Map<number, string>();
  const identities = new Map<number, string>();
  const labels = new Map<string, number>();
  forEachLine(file, (line, number) => {
    const fields = line.split('\t');
    const [key, label, path] = [Number(fields[0]), Number(fields[1]), fields.at(-1) ?? ''];
    if (fields.length < 3 || !Number.isInteger(key) || !Number.isFinite(label) || path === '') {
      throw new Error(`Line ${number} of "${file}" is not a key, a label and a path, separated by tabs.`);
    }
    const folder = dirname(path) === '.' ? path : dirname(path);
    const known = labels.get(folder);
    if ((known ?? label) !== label || (identities.get(label) ?? folder) !== folder) {
      throw new Error(
        `Line ${number} of "${file}" contradicts an earlier one: a folder has one label, and a label one folder. Delete the file to name identities by their labels.`,
      );
    }
    labels.set(folder, label);
    identities.set(label, folder);
    paths.set(key, path);
  });
  return { paths, identities };
}

function forEachLine(file: string, onLine: (line: string, number: number) => void): void {
  const bytes = readFileSync(file);
  let [from, number] = [0, 0];
  while (from < bytes.length) {
    const end = bytes.indexOf(10, from);
    const to = end < 0 ? bytes.length : end;
    const line = bytes.toString('utf8', from, to).replace(/\r$/, '');
    number++;
    if (line !== '') onLine(line, number);
    from = to + 1;
  }
}
