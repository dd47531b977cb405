import { closeSync, fstatSync, open, read } from 'node:fs';
import { isAbsolute, sep } from 'node:path';
import type { ImageReader } from './encoded-images.js';
import type { ImageTable } from './image-table.js';
import { nameAt, nameBytes } from './packed-names.js';
import { type FolderSpec, STAT_VALUES } from './reader-specs.js';

/** Reads images that are files of their own. */
export function readFolder({ dir, stats, ...spec }: FolderSpec, { ids, bytes }: ImageTable): ImageReader {
  const paths = spec.paths ?? ids;
  const prefix = Buffer.from(dir + sep);
  return {
    // Paths are bytes, because file names on Linux need not be UTF-8.
    read(image) {
      const path = nameBytes(paths, image);
      // A list may name absolute paths.
      return readFile(isAbsolute(nameAt(paths, image)) ? Buffer.from(path) : Buffer.concat([prefix, path]));
    },
    signature(image) {
      const [modified, changed, inode] = stats.subarray(image * STAT_VALUES, (image + 1) * STAT_VALUES);
      return `${nameAt(ids, image)}\n${bytes[image]} ${modified} ${changed} ${inode}`;
    },
    close: () => {},
  };
}

/** Reads a file. Only opening and reading can wait for the disk, so only these use Node's thread pool. */
function readFile(path: Buffer): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    open(path, 'r', (failure, fd) => {
      if (failure) return reject(failure);
      let bytes: Buffer;
      try {
        bytes = Buffer.allocUnsafeSlow(fstatSync(fd).size);
      } catch (error) {
        closeSync(fd);
        return reject(error);
      }
      const fill = (from: number): void => {
        read(fd, bytes, from, bytes.length - from, from, (error, count) => {
          if (!error && count > 0 && from + count < bytes.length) return fill(from + count);
          closeSync(fd);
          if (error) reject(error);
          else resolve(bytes.subarray(0, from + count));
        });
      };
      fill(0);
    });
  });
}
