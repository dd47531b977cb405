import { perceptualHash } from '../perceptual-hash.js';
import type { SkippedFile } from '../source.js';
import { contentHash } from './content-hash.js';
import { createPool, type DecodedPool, offerPixels } from './decoded-pool.js';
import { DecodedSource, type SharedImages } from './decoded-source.js';
import type { EncodedImages, ImageReader } from './encoded-images.js';
import type { ImageCache, KnownImage } from './image-cache.js';
import { decodeRegion, regionAt } from './image-region.js';
import { identityOf, imageCount } from './image-table.js';
import { concurrentReads, defaultMemory } from './machine.js';
import { openImageCache } from './open-image-cache.js';
import { openReader } from './open-reader.js';
import { nameAt, sharedArray } from './packed-names.js';

/** Options for the decoding of images. */
export interface DecodingOptions {
  /** Side in pixels of the decoded images; default 160, larger than the usual 128 so that crops stay sharp. */
  readonly side?: number;
  /**
   * Limit in bytes for decoded images in memory; default half of the machine's memory, at most 4 GiB. If all images fit, each is
   * decoded once. Otherwise the rest is read and decoded whenever it is needed.
   */
  readonly memory?: number;
  /** Folder for the cache of hashes and decoded images; default the system's cache folder; `false` disables the cache. */
  readonly cacheDir?: string | false;
  /** Limit in bytes for the decoded images of all sources in the cache; default 16 GiB. With 0, this source stores none. */
  readonly cacheLimit?: number;
  /** Called for each file that is not used, with the reason; `skipped` holds the same list. */
  readonly onSkipped?: (skipped: SkippedFile) => void;
  /** Called for each problem that does not stop the opening: a cache that is damaged or cannot be written. */
  readonly onWarning?: (message: string) => void;
  /** Called with the number of images that are checked: known from an earlier opening, or read and decoded now. */
  readonly onProgress?: (done: number, total: number) => void;
}

const DEFAULT_CACHE_LIMIT = 16 * 2 ** 30;
/** Images that are looked up in the cache at once. */
const LOOK_UP = 1024;

/**
 * Opens encoded images. Every image is read and decoded once, to find unreadable ones and copies before anything is trained; what
 * an earlier opening has found out about an unchanged image is read from the cache instead.
 *
 * @throws RangeError if `side` is not an integer in 8 … 4096, or a limit is not a positive number.
 * @throws Error if fewer than two identities have a readable image.
 */
export async function openDecoded(
  encoded: EncodedImages,
  options: DecodingOptions = {},
): Promise<DecodedSource> {
  const { side = 160, memory = defaultMemory(), cacheDir, cacheLimit = DEFAULT_CACHE_LIMIT } = options;
  if (!Number.isInteger(side) || side < 8 || side > 4096) {
    throw new RangeError(`The side of decoded images must be an integer in 8 … 4096 pixels, not ${side}.`);
  }
  for (const [name, limit] of Object.entries({ memory, cacheLimit })) {
    if (!(limit >= 0)) throw new RangeError(`${name} must be a number of bytes, not ${limit}.`);
  }
  const count = imageCount(encoded.table);
  const imageBytes = side * side * 3;
  const capacity = Math.min(count, Math.floor(memory / imageBytes));
  const pool = createPool(count, capacity, imageBytes);
  const { place } = encoded;
  const onWarning = options.onWarning ?? (() => {});
  const cache =
    cacheDir === false || place === undefined
      ? undefined
      : openImageCache({ cacheDir, place, side, limit: cacheLimit, onWarning });
  const reader = openReader(encoded);
  const checker = new ImageChecker(encoded, reader, cache, pool, side);
  try {
    await checker.run(options.onProgress);
  } finally {
    reader.close();
    cache?.close();
  }
  const shared = selectReadable(encoded, checker, { pool, side, stored: cache?.stored });
  for (const entry of shared.skipped) options.onSkipped?.(entry);
  return DecodedSource.fromShared(shared);
}

/** Finds out the hashes of every image, and fills the pool and the cache. */
class ImageChecker {
  /** 32 bytes per image. */
  readonly hashes: Uint8Array;
  /** Two words per image. */
  readonly perceptualHashes: Uint32Array;
  /** Reason for each image that cannot be read or decoded. */
  readonly failures = new Map<number, string>();
  readonly #count: number;
  /** Whether the pool has a place for every image; the place of an image is then its position in the table. */
  readonly #fits: boolean;

  readonly #regions: Float64Array | undefined;
  readonly #reader: ImageReader;
  readonly #cache: ImageCache | undefined;
  readonly #pool: DecodedPool;
  readonly #side: number;

  constructor(
    encoded: EncodedImages,
    reader: ImageReader,
    cache: ImageCache | undefined,
    pool: DecodedPool,
    side: number,
  ) {
    this.#regions = encoded.regions;
    this.#reader = reader;
    this.#cache = cache;
    this.#pool = pool;
    this.#side = side;

    this.#count = imageCount(encoded.table);
    this.hashes = sharedArray(Uint8Array, 32 * this.#count);
    this.perceptualHashes = sharedArray(Uint32Array, 2 * this.#count);
    this.#fits = pool.pixels.length === this.#count * pool.imageBytes;
  }

  async run(onProgress: DecodingOptions['onProgress'] = () => {}): Promise<void> {
    const unknown: number[] = [];
    for (let from = 0; from < this.#count; from += LOOK_UP) {
      for (const image of this.#lookUp(from, Math.min(this.#count, from + LOOK_UP))) unknown.push(image);
      onProgress(Math.min(this.#count, from + LOOK_UP) - unknown.length, this.#count);
      // The event loop must turn, or an interruption is noticed only at the end.
      await new Promise((resolve) => setTimeout(resolve));
    }
    let done = this.#count - unknown.length;
    let next = 0;
    const checkRest = async () => {
      while (next < unknown.length) {
        const image = unknown[next++];
        try {
          await this.#check(image);
        } catch (error) {
          this.failures.set(image, error instanceof Error ? error.message : String(error));
        }
        onProgress(++done, this.#count);
      }
    };
    await Promise.all(Array.from({ length: concurrentReads() }, checkRest));
    this.#cache?.flush();
    this.#cache?.removeStale(() => this.#signatures(), this.hashes);
  }

  *#signatures(): Generator<string | undefined> {
    for (let image = 0; image < this.#count; image++) yield this.#reader.signature(image);
  }

  /** Looks up images in the cache. @returns Those that must be read. */
  #lookUp(from: number, to: number): number[] {
    const cache = this.#cache;
    const all = Array.from({ length: to - from }, (_, i) => from + i);
    if (!cache) return all;
    const known = new Set<number>();
    cache.lookUp(
      all.map((image) => this.#reader.signature(image)),
      (i, image) => {
        this.#enter(from + i, image);
        known.add(from + i);
      },
    );
    const missing = all.filter((image) => !known.has(image));
    if (!this.#fits || known.size === 0) return missing;
    // Where every image has a place, the stored ones are read straight into the pool.
    const { pixels, imageBytes, places } = this.#pool;
    const lost = new Set(
      cache.readPixels(
        this.hashes.subarray(32 * from, 32 * to),
        pixels.subarray(from * imageBytes, to * imageBytes),
      ),
    );
    for (const image of all) {
      if (known.has(image) && !lost.has(image - from)) places[image] = image + 1;
    }
    return all.filter((image) => places[image] === 0);
  }

  #enter(image: number, { hash, perceptualHash: words }: KnownImage): void {
    this.hashes.set(hash, 32 * image);
    this.perceptualHashes.set(words, 2 * image);
  }

  async #check(image: number): Promise<void> {
    const cache = this.#cache;
    const bytes = await this.#reader.read(image);
    const region = regionAt(this.#regions, image);
    const hash = await contentHash(bytes, region);
    const stored = new Uint8Array(cache ? this.#pool.imageBytes : 0);
    const isStored = cache !== undefined && cache.readPixels(hash, stored).length === 0;
    const pixels = isStored ? stored : (await decodeRegion(bytes, region, this.#side)).data;
    const known = {
      hash,
      perceptualHash: perceptualHash({ width: this.#side, height: this.#side, data: pixels }),
    };
    this.#enter(image, known);
    if (this.#fits) {
      this.#pool.pixels.set(pixels, image * this.#pool.imageBytes);
      this.#pool.places[image] = image + 1;
    } else offerPixels(this.#pool, image, pixels);
    cache?.add(image, this.#reader.signature(image), known, isStored ? undefined : pixels);
  }
}

/** Leaves out the images that cannot be read, and the identities without any. */
function selectReadable(
  encoded: EncodedImages,
  { hashes, perceptualHashes, failures }: ImageChecker,
  rest: Pick<SharedImages, 'pool' | 'side' | 'stored'>,
): SharedImages {
  const { table } = encoded;
  const count = imageCount(table);
  if (rest.pool && rest.pool.pixels.length === count * rest.pool.imageBytes) rest.pool.used[0] = count;
  const skipped = [...encoded.skipped];
  const samples = new Uint32Array(table.starts.length - 1);
  for (let identity = 0; identity < samples.length; identity++) {
    samples[identity] = table.starts[identity + 1] - table.starts[identity];
  }
  for (const [image, reason] of [...failures].sort(([a], [b]) => a - b)) {
    skipped.push({ file: nameAt(table.ids, image), reason });
    samples[identityOf(table, image)]--;
  }
  const kept = [...samples.keys()].filter((identity) => samples[identity] > 0);
  if (kept.length < 2) {
    throw new Error(
      `${count - failures.size} of ${count} images in ${encoded.name} can be read, which gives ${kept.length} identities; at least 2 are required. ${listSkipped(skipped)}`,
    );
  }
  const identities = sharedArray(Uint32Array, kept.length);
  identities.set(kept);
  const starts = sharedArray(Uint32Array, kept.length + 1);
  kept.forEach((identity, i) => {
    starts[i + 1] = starts[i] + samples[identity];
  });
  const images = sharedArray(Uint32Array, count - failures.size);
  for (let image = 0, at = 0; image < count; image++) if (!failures.has(image)) images[at++] = image;
  return { encoded, images, starts, identities, hashes, perceptualHashes, skipped, ...rest };
}

/** Lists the first skipped files with the reasons, for error messages. */
export function listSkipped(skipped: readonly SkippedFile[]): string {
  if (skipped.length === 0) return '';
  const first = skipped.slice(0, 3).map(({ file, reason }) => `${file} (${reason})`);
  return `Skipped: ${first.join('; ')}${skipped.length > 3 ? `; and ${skipped.length - 3} more` : ''}.`;
}
