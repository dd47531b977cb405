import { defaultCacheDir } from './cache-folders.js';
import { ImageCache, type ImageCacheOptions } from './image-cache.js';

/** Opens the cache of images on disk; undefined if there is none. */
export function openImageCache({
  cacheDir = defaultCacheDir(),
  ...options
}: Omit<ImageCacheOptions, 'cacheDir'> & { readonly cacheDir: string | undefined }): ImageCache | undefined {
  return ImageCache.open({ ...options, cacheDir });
}
