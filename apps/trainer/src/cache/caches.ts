import { existsSync, readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '@unitsphere/core/disk';
import { listImageCaches } from '@unitsphere/data';
import { CACHES, type CacheKind } from './kinds.js';

/** A folder or a file of a cache, which can be deleted alone. */
export interface CacheEntry {
  readonly kind: CacheKind;
  readonly path: string;
  /** What it belongs to. */
  readonly of: string;
  readonly bytes: number;
  /** Time of the last use or change, in milliseconds since 1970. */
  readonly usedMs: number;
}

/** Returns the entries of all caches, the largest first. @param folder Default: `unitsphere` in the user's cache folder. */
export function listCaches(folder: string = join(cacheFolder(), 'unitsphere')): CacheEntry[] {
  const images = listImageCaches(folder).map(({ folder: path, place, side, bytes, usedMs }) => ({
    kind: 'images' as const,
    path,
    of: `${place}, ${side} px`,
    bytes,
    usedMs,
  }));
  const others = (Object.keys(CACHES) as CacheKind[]).flatMap((kind) =>
    kind === 'images' ? [] : listEntries(kind, join(folder, kind)),
  );
  return [...images, ...others].sort((a, b) => b.bytes - a.bytes);
}

/** Deletes entries. A process that uses one goes on, and computes or downloads it again. @returns The bytes that are freed. */
export async function cleanCaches(entries: readonly CacheEntry[]): Promise<number> {
  let freed = 0;
  for (const { path, bytes } of entries) {
    await rm(path, { recursive: true, force: true });
    freed += bytes;
  }
  return freed;
}

function listEntries(kind: CacheKind, folder: string): CacheEntry[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((name) => {
    const path = join(folder, name);
    const { bytes, changedMs } = measure(path);
    return { kind, path, of: name, bytes, usedMs: changedMs };
  });
}

function measure(path: string): { bytes: number; changedMs: number } {
  const info = statSync(path, { throwIfNoEntry: false });
  if (!info) return { bytes: 0, changedMs: 0 };
  if (!info.isDirectory()) return { bytes: info.size, changedMs: info.mtimeMs };
  let bytes = 0;
  let changedMs = 0;
  for (const name of readdirSync(path)) {
    const part = measure(join(path, name));
    bytes += part.bytes;
    changedMs = Math.max(changedMs, part.changedMs);
  }
  return { bytes, changedMs };
}
