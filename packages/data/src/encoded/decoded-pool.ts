import { sharedArray } from './packed-names.js';

/** Decoded images in memory that threads share. */
export interface DecodedPool {
  /** Places of `imageBytes` each. */
  readonly pixels: Uint8Array;
  readonly imageBytes: number;
  /** For each image: 0 if it has no place, −1 while its pixels are being written, otherwise 1 + its place. */
  readonly places: Int32Array;
  /** One element: the number of places in use. */
  readonly used: Int32Array;
}

/**
 * Allocates a pool.
 * @param capacity Number of images that it can hold.
 * @throws RangeError if the memory cannot be allocated.
 */
export function createPool(images: number, capacity: number, imageBytes: number): DecodedPool {
  try {
    return {
      pixels: sharedArray(Uint8Array, capacity * imageBytes),
      imageBytes,
      places: sharedArray(Int32Array, images),
      used: sharedArray(Int32Array, 1),
    };
  } catch (error) {
    const size = ((capacity * imageBytes) / 2 ** 30).toFixed(1);
    throw new RangeError(
      `Cannot allocate ${size} GiB for decoded images in one block (${(error as Error).message}); set a smaller memory limit.`,
    );
  }
}

/** Number of images that a pool can hold. */
export function poolCapacity({ pixels, imageBytes }: DecodedPool): number {
  return pixels.length / imageBytes;
}

/** Returns the pixels of an image in the pool's memory; undefined if it has none. */
export function pooledPixels(
  { pixels, imageBytes, places }: DecodedPool,
  image: number,
): Uint8Array | undefined {
  const place = Atomics.load(places, image) - 1;
  return place < 0 ? undefined : pixels.subarray(place * imageBytes, (place + 1) * imageBytes);
}

/** Reserves places for images that have none, in a row. @returns The first place. */
export function reservePlaces({ used }: DecodedPool, count: number): number {
  return Atomics.add(used, 0, count);
}

/** Keeps an image's pixels if there is a free place. Several threads may offer the same image. */
export function offerPixels(pool: DecodedPool, image: number, decoded: Uint8Array): void {
  const { pixels, imageBytes, places, used } = pool;
  if (Atomics.load(used, 0) >= poolCapacity(pool)) return;
  if (Atomics.compareExchange(places, image, 0, -1) !== 0) return;
  const place = reservePlaces(pool, 1);
  if (place >= poolCapacity(pool)) {
    // The number stays above the capacity, so later offers end at the first check.
    Atomics.store(places, image, 0);
    return;
  }
  pixels.set(decoded, place * imageBytes);
  Atomics.store(places, image, place + 1);
}
