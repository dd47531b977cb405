import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { cacheFolder, replaceFile, writeAll } from '@unitsphere/core/disk';
import { DECODER_VERSION } from '@unitsphere/images';
import type { SampleContent } from '../source.js';
import type { ScannedFile } from './scan.js';

/** Returns the default folder of decoded images: `unitsphere` in the user's cache folder. */
export function defaultCacheDir(): string {
  return join(cacheFolder(), 'unitsphere');
}

/** Returns the path of the cache file for an image folder and a side in pixels. */
export function cacheFile(cacheDir: string, dir: string, side: number): string {
  const key = createHash('sha256')
    .update(`${resolve(dir)}\n${side}\n${DECODER_VERSION}`)
    .digest('hex');
  return join(cacheDir, `decoded-${key.slice(0, 24)}.bin`);
}

const MAGIC = Buffer.from('UNITSPHERE-DECODED-2\n');

/** The hashes of an image's content. */
export type ContentHashes = Pick<SampleContent, 'sha256' | 'perceptualHash'>;

/** Header entry of one cached image. */
interface Entry {
  file: string;
  bytes: number;
  modifiedMs: number;
  changedMs: number;
  inode: string;
  sha256: string;
  perceptualHash: [number, number];
  /** Checksum of the pixels. */
  crc: number;
}

/** The attributes by which a changed file is detected. */
const SIGNATURE = ['bytes', 'modifiedMs', 'changedMs', 'inode'] as const;

/**
 * Reads into `pixels` each wanted image that the cache contains, if the file has not changed and its checksum matches.
 * @returns `hashes`: for each wanted file that was read, the hashes of its content; `complete`: whether the cache holds exactly the wanted
 * files; `problem`: how the cache is damaged, if it is.
 */
export async function readCache(
  path: string,
  wanted: readonly ScannedFile[],
  pixels: Uint8Array,
  imageBytes: number,
): Promise<{ hashes: (ContentHashes | undefined)[]; complete: boolean; problem?: string }> {
  const hashes: (ContentHashes | undefined)[] = wanted.map(() => undefined);
  const handle = await open(path, 'r').catch(() => undefined);
  if (!handle) return { hashes, complete: false };
  try {
    const head = Buffer.alloc(MAGIC.length + 8);
    await handle.read(head, 0, head.length, 0);
    const headerLength = head.readUInt32LE(MAGIC.length);
    const { size } = await handle.stat();
    if (!head.subarray(0, MAGIC.length).equals(MAGIC) || head.length + headerLength > size) {
      return { hashes, complete: false, problem: 'its header is incomplete' };
    }
    const header = Buffer.alloc(headerLength);
    await handle.read(header, 0, headerLength, head.length);
    if (crc32(header) !== head.readUInt32LE(MAGIC.length + 4)) {
      return { hashes, complete: false, problem: 'its list of files does not match its checksum' };
    }
    const entries = JSON.parse(header.toString('utf8')) as Entry[];
    const index = new Map(entries.map((entry, i) => [entry.file, i]));
    const start = head.length + headerLength;
    const buffer = Buffer.alloc(imageBytes);
    let damaged = 0;
    for (let i = 0; i < wanted.length; i++) {
      const at = index.get(wanted[i].file);
      if (at === undefined) continue;
      const entry = entries[at];
      if (SIGNATURE.some((attribute) => entry[attribute] !== wanted[i][attribute])) continue;
      const { bytesRead } = await handle.read(buffer, 0, imageBytes, start + at * imageBytes);
      if (bytesRead !== imageBytes || crc32(buffer) !== entry.crc) {
        damaged++;
        continue;
      }
      pixels.set(buffer, i * imageBytes);
      hashes[i] = { sha256: entry.sha256, perceptualHash: Uint32Array.from(entry.perceptualHash) };
    }
    return {
      hashes,
      complete: entries.length === wanted.length && hashes.every((hash) => hash !== undefined),
      problem: damaged > 0 ? `${damaged} of its images do not match their checksums` : undefined,
    };
  } finally {
    await handle.close();
  }
}

/** Writes a cache atomically: to a temporary file that is then renamed. */
export async function writeCache(
  path: string,
  files: readonly (ScannedFile & ContentHashes)[],
  pixels: Uint8Array,
  imageBytes: number,
): Promise<void> {
  const image = (i: number) => pixels.subarray(i * imageBytes, (i + 1) * imageBytes);
  const entries: Entry[] = files.map((found, i) => ({
    file: found.file,
    bytes: found.bytes,
    modifiedMs: found.modifiedMs,
    changedMs: found.changedMs,
    inode: found.inode,
    sha256: found.sha256,
    perceptualHash: [found.perceptualHash[0], found.perceptualHash[1]],
    crc: crc32(Buffer.from(image(i))),
  }));
  const header = Buffer.from(JSON.stringify(entries));
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32LE(header.length, 0);
  lengths.writeUInt32LE(crc32(header), 4);
  await mkdir(dirname(path), { recursive: true });
  const write = async (file: FileHandle) => {
    await writeAll(file, Buffer.concat([MAGIC, lengths, header]));
    for (let i = 0; i < files.length; i++) await writeAll(file, image(i));
  };
  // A cache can be rebuilt, so losing the rename in a power loss does no harm.
  await replaceFile(path, write, { syncFolder: false });
}
