import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { homedir, platform } from 'node:os';
import { join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { DECODER_VERSION } from './decode.js';
import type { ScannedFile } from './scan.js';

/** Where decoded pictures are kept unless told otherwise: the system's place for caches. */
export function defaultCacheDir(): string {
  const home = homedir();
  if (platform() === 'win32')
    return join(process.env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'unitsphere');
  if (platform() === 'darwin') return join(home, 'Library', 'Caches', 'unitsphere');
  return join(process.env['XDG_CACHE_HOME'] ?? join(home, '.cache'), 'unitsphere');
}

/** The one cache file of a folder at a side. */
export function cacheFile(cacheDir: string, dir: string, side: number): string {
  const key = createHash('sha256')
    .update(`${resolve(dir)}\n${side}\n${DECODER_VERSION}`)
    .digest('hex');
  return join(cacheDir, `decoded-${key.slice(0, 24)}.bin`);
}

const MAGIC = Buffer.from('UNITSPHERE-DECODED-1\n');

interface Entry {
  file: string;
  bytes: number;
  modifiedMs: number;
  crc: number;
}

/**
 * Reads into `pixels` each wanted picture that the cache holds, unchanged since and undamaged.
 * @returns For each wanted file whether it was read; and `problem` when a cache was there but is damaged.
 */
export async function readCache(
  path: string,
  wanted: readonly ScannedFile[],
  pixels: Uint8Array,
  imageBytes: number,
): Promise<{ found: boolean[]; complete: boolean; problem?: string }> {
  const found = wanted.map(() => false);
  const handle = await open(path, 'r').catch(() => undefined);
  if (!handle) return { found, complete: false };
  try {
    const head = Buffer.alloc(MAGIC.length + 8);
    await handle.read(head, 0, head.length, 0);
    const headerLength = head.readUInt32LE(MAGIC.length);
    const { size } = await handle.stat();
    if (!head.subarray(0, MAGIC.length).equals(MAGIC) || head.length + headerLength > size) {
      return { found, complete: false, problem: 'its header is not whole' };
    }
    const header = Buffer.alloc(headerLength);
    await handle.read(header, 0, headerLength, head.length);
    if (crc32(header) !== head.readUInt32LE(MAGIC.length + 4)) {
      return { found, complete: false, problem: 'its list of files does not match its checksum' };
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
      if (entry.bytes !== wanted[i].bytes || entry.modifiedMs !== wanted[i].modifiedMs) continue;
      const { bytesRead } = await handle.read(buffer, 0, imageBytes, start + at * imageBytes);
      if (bytesRead !== imageBytes || crc32(buffer) !== entry.crc) {
        damaged++;
        continue;
      }
      pixels.set(buffer, i * imageBytes);
      found[i] = true;
    }
    return {
      found,
      complete: entries.length === wanted.length && found.every(Boolean),
      problem: damaged > 0 ? `${damaged} of its pictures do not match their checksums` : undefined,
    };
  } finally {
    await handle.close();
  }
}

/** Writes a whole cache under another name, then renames it, so that a reader never sees a half. */
export async function writeCache(
  path: string,
  files: readonly ScannedFile[],
  pixels: Uint8Array,
  imageBytes: number,
): Promise<void> {
  const picture = (i: number) => pixels.subarray(i * imageBytes, (i + 1) * imageBytes);
  const entries: Entry[] = files.map(({ file, bytes, modifiedMs }, i) => ({
    file,
    bytes,
    modifiedMs,
    crc: crc32(Buffer.from(picture(i))),
  }));
  const header = Buffer.from(JSON.stringify(entries));
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32LE(header.length, 0);
  lengths.writeUInt32LE(crc32(header), 4);
  await mkdir(join(path, '..'), { recursive: true });
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(Buffer.concat([MAGIC, lengths, header]));
      for (let i = 0; i < files.length; i++) await handle.writeFile(Buffer.from(picture(i)));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
