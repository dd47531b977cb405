import type { ImageCacheFolder } from './cache-folders.js';

export type { ImageCacheFolder } from './cache-folders.js';

/** A page has no caches of images. */
export function listImageCaches(): ImageCacheFolder[] {
  return [];
}

/** @throws Error always: a page has no caches of images. */
export function removeImageCache(folder: string): never {
  throw new Error(`A browser has no caches of images on disk, so ${folder} cannot be deleted.`);
}
