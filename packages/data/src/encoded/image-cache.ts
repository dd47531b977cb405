import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import {
  explainDiskError,
  freeDiskSpace,
  HASH_WORDS,
  RowStore,
  writeFileAtomicSync,
} from '@unitsphere/core/disk';
import { DECODER_VERSION } from '@unitsphere/images';
import { folderSize, listImageCaches, removeImageCache } from './cache-folders.js';
import { hashWords } from './hash-words.js';
import type { StoredPixelsSpec } from './stored-pixels.js';

/** Options of {@link ImageCache.open}. */
export interface ImageCacheOptions {
  /** Folder of all caches of images. */
  readonly cacheDir: string;
  /** The place of the encoded images; see `EncodedImages`. */
  readonly place: string;
  /** Side in pixels of the decoded images. */
  readonly side: number;
  /** Limit in bytes for the decoded images of all sources together. */
  readonly limit: number;
  readonly onWarning: (message: string) => void;
}

/** What is known of an image. */
export interface KnownImage {
  /** SHA-256 of the encoded bytes. */
  readonly hash: Uint8Array;
  readonly perceptualHash: Uint32Array;
}

/** An image that is to be written. */
interface Addition {
  readonly order: number;
  readonly key: Uint32Array | undefined;
  readonly image: KnownImage;
  readonly pixels: Uint8Array | undefined;
}

/** SHA-256 and perceptual hash. */
const HASH_ROW = 40;
/** Images that are written at once, and their bytes: a process that is killed loses as many at most. */
const BATCH_IMAGES = 64;
const BATCH_BYTES = 8 * 2 ** 20;
/** Bytes of the disk that are left free. */
const SPARED_BYTES = 2 ** 30;
/** Stale rows are removed once they are the majority, and as many as this. */
const MANY_STALE = 1000;

/**
 * What earlier openings of a source have found out, on disk: the hashes of every image, by its signature, and decoded images, by
 * the hash of their encoded bytes. Everything is written while images are decoded, so a process that is killed loses a batch at
 * most, and several processes may use the same cache at once.
 */
export class ImageCache {
  readonly folder: string;
  readonly #hashes: RowStore;
  readonly #pixels: RowStore;
  readonly #imageBytes: number;
  readonly #onWarning: (message: string) => void;
  /** Bytes of decoded images that may be stored. */
  readonly #room: number;
  #queue: Addition[] = [];
  #queuedBytes = 0;
  #failed = false;

  private constructor(folder: string, { side, limit, onWarning, cacheDir }: ImageCacheOptions) {
    this.folder = folder;
    this.#imageBytes = side * side * 3;
    this.#onWarning = onWarning;
    this.#hashes = new RowStore(join(folder, 'hashes'), { rowBytes: HASH_ROW, sync: false });
    this.#pixels = new RowStore(this.stored.folder, { rowBytes: this.#imageBytes, sync: false });
    const own = folderSize(this.stored.folder);
    const free = freeDiskSpace(folder) ?? Number.POSITIVE_INFINITY;
    this.#room = Math.min(makeRoom(cacheDir, folder, limit), own + Math.max(0, free - SPARED_BYTES));
  }

  /** Opens the cache of a source. @returns Undefined, after a warning, if it cannot be used. */
  static open(options: ImageCacheOptions): ImageCache | undefined {
    const { cacheDir, place, side, onWarning } = options;
    const description = JSON.stringify({ place, side, decoder: DECODER_VERSION });
    const key = createHash('sha256').update(description).digest('hex').slice(0, 24);
    const folder = join(cacheDir, 'images', key);
    try {
      mkdirSync(folder, { recursive: true });
      const file = join(folder, 'source.json');
      if (readText(file) !== description) writeFileAtomicSync(file, description, { syncFolder: false });
      // The least recently used cache is the first to be deleted.
      const now = new Date();
      utimesSync(file, now, now);
      return new ImageCache(folder, options);
    } catch (error) {
      onWarning(
        `The cache of images ${folder} cannot be used (${reasonOf(error)}); every image is read and decoded. Set cacheDir to a writable folder.`,
      );
      return undefined;
    }
  }

  /** The decoded images, for threads that read them. */
  get stored(): StoredPixelsSpec {
    return { folder: join(this.folder, 'pixels'), imageBytes: this.#imageBytes };
  }

  /**
   * Looks up images by their signatures.
   * @param onKnown Called for each image that is known.
   */
  lookUp(signatures: readonly (string | undefined)[], onKnown: (i: number, image: KnownImage) => void): void {
    const rows = signatures.map((signature) =>
      signature === undefined ? -1 : this.#hashes.find(hashWords(digest(signature))),
    );
    const bytes = new Uint8Array(rows.length * HASH_ROW);
    const lost = new Set(this.#hashes.read(rows, bytes));
    for (let i = 0; i < rows.length; i++) {
      if (lost.has(i)) continue;
      const row = bytes.slice(i * HASH_ROW, (i + 1) * HASH_ROW);
      onKnown(i, { hash: row.subarray(0, 32), perceptualHash: new Uint32Array(row.buffer, 32, 2) });
    }
  }

  /**
   * Reads decoded images.
   * @param hashes 32 bytes per image: the SHA-256 of its encoded bytes.
   * @param out The images, `imageBytes` each.
   * @returns Positions of the images that are not stored; their bytes in `out` are undefined.
   */
  readPixels(hashes: Uint8Array, out: Uint8Array): number[] {
    const rows = Array.from({ length: hashes.length / 32 }, (_, i) =>
      this.#pixels.find(hashWords(hashes.subarray(32 * i, 32 * i + 32))),
    );
    return this.#pixels.read(rows, out);
  }

  /**
   * Stores what was found out about an image. Written in batches; `flush` writes the rest.
   * @param order Position of the image in its source: images that are read together are written together.
   */
  add(order: number, signature: string | undefined, image: KnownImage, pixels: Uint8Array | undefined): void {
    if (this.#failed) return;
    const key = signature === undefined ? undefined : hashWords(digest(signature));
    const fits = this.#pixels.bytes + this.#queuedBytes + this.#imageBytes <= this.#room;
    this.#queue.push({ order, key, image, pixels: fits ? pixels : undefined });
    if (fits && pixels) this.#queuedBytes += this.#imageBytes;
    if (this.#queuedBytes >= BATCH_BYTES || this.#queue.length >= BATCH_IMAGES) this.flush();
  }

  /** Writes everything that was added. A failure is reported once, and ends the writing. */
  flush(): void {
    const queue = this.#queue.sort((a, b) => a.order - b.order);
    this.#queue = [];
    this.#queuedBytes = 0;
    try {
      const decoded = queue.flatMap(({ image, pixels }) =>
        pixels ? [{ key: hashWords(image.hash), row: pixels }] : [],
      );
      const keyed = queue.flatMap(({ key, image }) => (key ? [{ key, row: hashRow(image) }] : []));
      // Hashes without their pixels are useful, and pixels without their hashes are found again once the image is read.
      appendRows(this.#pixels, decoded, this.#imageBytes);
      appendRows(this.#hashes, keyed, HASH_ROW);
    } catch (error) {
      this.#failed = true;
      this.#onWarning(
        `Cannot write the cache of images ${this.folder} (${reasonOf(error)}); the next run reads and decodes the rest again. Set cacheDir to a writable folder.`,
      );
    }
  }

  /**
   * Removes what belongs to images that are gone, once it is the larger part.
   * @param signatures The signatures of all images. @param hashes The SHA-256 of each, 32 bytes.
   */
  removeStale(signatures: () => Iterable<string | undefined>, hashes: Uint8Array): void {
    const count = hashes.length / 32;
    const isStale = (store: RowStore) => store.rows > 2 * count && store.rows > count + MANY_STALE;
    try {
      if (isStale(this.#pixels)) {
        const keys = Array.from({ length: count }, (_, i) => hashWords(hashes.subarray(32 * i, 32 * i + 32)));
        this.#pixels.compact(joinKeys(keys));
      }
      if (isStale(this.#hashes)) {
        const keys: Uint32Array[] = [];
        for (const signature of signatures()) {
          if (signature !== undefined) keys.push(hashWords(digest(signature)));
        }
        this.#hashes.compact(joinKeys(keys));
      }
    } catch {
      // A cache with stale rows works too.
    }
  }

  /** Closes the files, after writing what was added. */
  close(): void {
    this.flush();
    const damaged = this.#pixels.damaged + this.#hashes.damaged;
    if (damaged > 0) {
      this.#onWarning(
        `The cache of images ${this.folder} is damaged (${damaged} of its entries do not match their checksums); they are rebuilt.`,
      );
    }
    this.#hashes.close();
    this.#pixels.close();
  }
}

/** Deletes the least recently used caches of other sources until the limit allows one more. @returns The bytes that this source may have. */
function makeRoom(cacheDir: string, own: string, limit: number): number {
  // A source that stores no images needs no room, and takes none from others.
  if (limit === 0) return 0;
  const others = listImageCaches(cacheDir).filter(({ folder }) => folder !== own);
  others.sort((a, b) => b.usedMs - a.usedMs);
  let used = others.reduce((sum, { bytes }) => sum + bytes, 0);
  // At least half of the limit is for the source that is used now.
  while (used > limit / 2) {
    const oldest = others.pop();
    if (!oldest) break;
    removeImageCache(oldest.folder);
    used -= oldest.bytes;
  }
  return limit - used;
}

function hashRow({ hash, perceptualHash }: KnownImage): Uint8Array {
  const row = new Uint8Array(HASH_ROW);
  row.set(hash);
  row.set(new Uint8Array(Uint32Array.from(perceptualHash).buffer), 32);
  return row;
}

function appendRows(
  store: RowStore,
  entries: readonly { readonly key: Uint32Array; readonly row: Uint8Array }[],
  rowBytes: number,
): void {
  if (entries.length === 0) return;
  const rows = new Uint8Array(entries.length * rowBytes);
  for (const [i, { row }] of entries.entries()) rows.set(row, i * rowBytes);
  // Another process may have added some of them.
  store.refresh();
  store.append(joinKeys(entries.map(({ key }) => key)), rows);
}

function joinKeys(keys: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(keys.length * HASH_WORDS);
  for (const [i, key] of keys.entries()) all.set(key, i * HASH_WORDS);
  return all;
}

const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest();

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  return explainDiskError(error) ?? (error instanceof Error ? error.message : String(error));
}
