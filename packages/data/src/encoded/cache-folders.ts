import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '@unitsphere/core/disk';

/** The cache of one source of images at one size. */
export interface ImageCacheFolder {
  readonly folder: string;
  /** The kind and the path of the images. */
  readonly place: string;
  /** Side in pixels of the decoded images. */
  readonly side: number;
  readonly bytes: number;
  /** Time of the last use, in milliseconds since 1970. */
  readonly usedMs: number;
}

/** Returns the default folder of caches of images: `unitsphere` in the user's cache folder. */
export function defaultCacheDir(): string {
  return join(cacheFolder(), 'unitsphere');
}

/** Returns the caches of images in a folder; empty if there are none. */
export function listImageCaches(cacheDir: string = defaultCacheDir()): ImageCacheFolder[] {
  const root = join(cacheDir, 'images');
  return list(root).flatMap((name) => {
    const folder = join(root, name);
    const file = join(folder, 'source.json');
    try {
      const { place, side } = JSON.parse(readFileSync(file, 'utf8')) as { place: string; side: number };
      return [{ folder, place, side, bytes: folderSize(folder), usedMs: statSync(file).mtimeMs }];
    } catch {
      // A folder whose description is missing or damaged is of no use, and is the first to be deleted.
      return [{ folder, place: 'unknown', side: 0, bytes: folderSize(folder), usedMs: 0 }];
    }
  });
}

/** Deletes a cache of images. A process that uses it continues without it. */
export function removeImageCache(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Returns the size of the files in a folder and its subfolders; 0 if it does not exist. */
export function folderSize(folder: string): number {
  let bytes = 0;
  for (const name of list(folder)) {
    const path = join(folder, name);
    const info = statSync(path, { throwIfNoEntry: false });
    if (info) bytes += info.isDirectory() ? folderSize(path) : info.size;
  }
  return bytes;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
