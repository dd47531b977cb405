import { closeSync, openSync, read } from 'node:fs';
import { unpackRecord } from '../recordio/record.js';
import type { ImageReader } from './encoded-images.js';
import type { ImageTable } from './image-table.js';
import type { ArchiveSpec } from './reader-specs.js';

/** Reads images that are parts of a few files. */
export function readArchive(spec: ArchiveSpec, { bytes }: ImageTable): ImageReader {
  const { files, file, offsets, lengths = bytes, packing } = spec;
  const open = new Map<number, OpenFile>();
  const openFile = (index: number): OpenFile => {
    const known = open.get(index);
    if (known) return known;
    const opened = { fd: openSync(files[index].path, 'r'), reads: 0 };
    open.set(index, opened);
    // Many systems allow a process 1,024 open files.
    if (open.size > MOST_OPEN) closeIdle(open);
    return opened;
  };
  return {
    async read(image) {
      const index = file?.[image] ?? 0;
      const opened = openFile(index);
      opened.reads++;
      try {
        const part = await readPart(opened.fd, offsets[image], lengths[image]);
        if (part.length < lengths[image]) throw new Error(`"${files[index].path}" ends inside the image`);
        return packing === 'recordio' ? unpackRecord(part).image : part;
      } finally {
        opened.reads--;
      }
    },
    signature: (image) => `${files[file?.[image] ?? 0].signature} ${offsets[image]} ${lengths[image]}`,
    close() {
      for (const { fd } of open.values()) closeSync(fd);
      open.clear();
    },
  };
}

const MOST_OPEN = 64;

interface OpenFile {
  readonly fd: number;
  /** Number of reads that have not ended. */
  reads: number;
}

/** Closes the file that was opened first among those that are not being read. */
function closeIdle(open: Map<number, OpenFile>): void {
  for (const [index, { fd, reads }] of open) {
    if (reads > 0) continue;
    open.delete(index);
    closeSync(fd);
    return;
  }
}

function readPart(fd: number, offset: number, length: number): Promise<Uint8Array> {
  const part = Buffer.allocUnsafeSlow(length);
  return new Promise((resolve, reject) => {
    const fill = (from: number): void => {
      read(fd, part, from, length - from, offset + from, (error, count) => {
        if (error) reject(error);
        else if (count > 0 && from + count < length) fill(from + count);
        else resolve(part.subarray(0, from + count));
      });
    };
    fill(0);
  });
}
