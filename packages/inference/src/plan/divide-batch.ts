/** Bytes of values up to which images pass the network together: about what a core's cache holds. */
const CACHED_BYTES = 8 << 20;
/** Most images that pass the network together; more do not make the kernels faster. */
const MOST_IMAGES = 4;

/** Consecutive images of a batch. */
export interface ImageRange {
  first: number;
  count: number;
}

/**
 * Divides a batch into ranges of images, each of which passes the whole network before the next one, so that values stay in the
 * cache. Threads take ranges in turn. A batch with fewer images than threads is one range, whose layers the threads divide.
 * @param bytes Bytes of the values of an image.
 */
export function divideBatch(batch: number, threads: number, bytes: number): ImageRange[] {
  if (batch < threads) return [{ first: 0, count: batch }];
  const most = Math.max(1, Math.min(MOST_IMAGES, Math.floor(CACHED_BYTES / bytes)));
  // As many ranges for each thread, if there are enough images.
  const ranges = Math.min(batch, Math.ceil(Math.ceil(batch / most) / threads) * threads);
  return Array.from({ length: ranges }, (_, i) => {
    const first = Math.floor((batch * i) / ranges);
    return { first, count: Math.floor((batch * (i + 1)) / ranges) - first };
  });
}
