/** Replaces the cache of images on disk: a page has none. */
export function openImageCache(): undefined {
  return undefined;
}
