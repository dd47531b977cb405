import { decodeBytes, readImageSize, squash } from '@unitsphere/images';
import type { Image } from '../image.js';
import type { Identity, ImageSource, SampleContent, SkippedFile } from '../source.js';
import { contentHash } from './content-hash.js';
import { type DecodedPool, offerPixels, pooledPixels } from './decoded-pool.js';
import type { EncodedImages, ImageReader } from './encoded-images.js';
import { decodeRegion, regionAt } from './image-region.js';
import { openReader } from './open-reader.js';
import { nameAt } from './packed-names.js';
import { ROLE } from './roles.js';
import { openStoredPixels, type StoredPixels, type StoredPixelsSpec } from './stored-pixels.js';

/** An open source as plain data. Its columns and its decoded images are in shared memory, so sending it to a thread copies little. */
export interface SharedImages {
  readonly encoded: EncodedImages;
  /** Side in pixels of every decoded image. */
  readonly side: number;
  /** Positions in the table of the images that can be decoded, by identity. */
  readonly images: Uint32Array;
  /** Identity i has the entries starts[i] … starts[i + 1] − 1 of `images`. */
  readonly starts: Uint32Array;
  /** Position of each identity in the table. */
  readonly identities: Uint32Array;
  /** 32 bytes per image of the table; see `contentHash`. */
  readonly hashes: Uint8Array;
  /** Two words per image of the table; see `findDuplicates`. */
  readonly perceptualHashes: Uint32Array;
  /** Absent if the memory of the pool cannot be shared. */
  readonly pool: DecodedPool | undefined;
  readonly stored: StoredPixelsSpec | undefined;
  readonly skipped: readonly SkippedFile[];
}

/**
 * Images that are read and decoded when they are needed: from files, archives, or a program. Decoded images are kept in memory up
 * to a limit; if all of them fit, each is decoded once.
 */
export class DecodedSource implements ImageSource {
  /** Files that are not used, by path relative to the folder, each with the reason. */
  readonly skipped: readonly SkippedFile[];
  /** Side in pixels of every image. */
  readonly side: number;
  /** Images are decoded by a thread pool while others are augmented. */
  readonly concurrency = 8;
  readonly loadTimes = { disk: 0, decoding: 0 };

  readonly #shared: SharedImages;
  #identities: readonly Identity[] | undefined;
  #reader: ImageReader | undefined;
  #stored: StoredPixels | undefined;
  /** Memory of released images: much less of it has to be collected. */
  readonly #free: Uint8Array[] = [];

  private constructor(shared: SharedImages) {
    this.#shared = shared;

    this.skipped = shared.skipped;
    this.side = shared.side;
  }

  /** Creates a source from the data of `share`, on the same memory. */
  static fromShared(shared: SharedImages): DecodedSource {
    return new DecodedSource(shared);
  }

  /** Returns the data to send to a thread for `fromShared`. */
  share(): SharedImages {
    const { pool } = this.#shared;
    const isShared =
      typeof SharedArrayBuffer !== 'undefined' && pool?.pixels.buffer instanceof SharedArrayBuffer;
    return { ...this.#shared, pool: isShared ? pool : undefined };
  }

  /** The identities, in the order of the bytes of their names. */
  get identities(): readonly Identity[] {
    // Made on demand: a data worker needs them only for messages.
    const { table, superClasses } = this.#shared.encoded;
    this.#identities ??= Array.from(this.#shared.identities, (identity, i) => {
      const superClass = superClasses && nameAt(superClasses, identity);
      return {
        name: nameAt(table.identities, identity),
        samples: this.#shared.starts[i + 1] - this.#shared.starts[i],
        ...(superClass && { superClass }),
      };
    });
    return this.#identities;
  }

  /** Number of images that are in memory. */
  get imagesInMemory(): number {
    const { pool } = this.#shared;
    return pool ? Math.min(Atomics.load(pool.used, 0), pool.pixels.length / pool.imageBytes) : 0;
  }

  /**
   * Returns the content of each of an identity's images.
   * @throws RangeError if the identity is out of range.
   */
  contents(identity: number): readonly SampleContent[] {
    const { starts, images } = this.#shared;
    this.#checkIdentity(identity);
    return Array.from(images.subarray(starts[identity], starts[identity + 1]), (image) =>
      this.#content(image),
    );
  }

  /**
   * Returns an image. It may be a view into the source's memory: do not write to it. It is a promise unless the image is in
   * memory.
   * @throws RangeError if the identity or the sample is out of range.
   * @throws Error if the image cannot be read, or has changed since the source was opened.
   */
  load(identity: number, sample: number): Image | Promise<Image> {
    const { pool } = this.#shared;
    const image = this.#positionOf(identity, sample);
    const pooled = pool && pooledPixels(pool, image);
    return pooled ? this.#imageOf(pooled) : this.#decode(image);
  }

  release({ data }: Image): void {
    const isPooled = data.buffer === this.#shared.pool?.pixels.buffer;
    const isFree = !isPooled && data.length === this.#imageBytes && this.#free.length < this.concurrency;
    if (isFree) this.#free.push(data);
  }

  /**
   * Reads an image again, decodes it in its full size and resizes it to side × side, as an embedder does.
   * @throws RangeError if the identity or the sample is out of range.
   * @throws Error if the image cannot be read, or has changed since the source was opened.
   */
  async loadResized(identity: number, sample: number, side: number): Promise<Image> {
    const image = this.#positionOf(identity, sample);
    const [bytes, region] = [await this.#read(image), this.#regionOf(image)];
    return region ? decodeRegion(bytes, region, side) : squash(await decodeBytes(bytes), side);
  }

  /**
   * Reads the size in pixels of an image's file, before regions are cut out and without decoding it.
   * @throws RangeError if the identity or the sample is out of range.
   * @throws Error if the image cannot be read, or has changed since the source was opened.
   */
  async readSize(identity: number, sample: number): Promise<{ width: number; height: number }> {
    return readImageSize(await this.#read(this.#positionOf(identity, sample)));
  }

  /** Closes the files that are open for reading. They are opened again when needed. */
  close(): void {
    this.#reader?.close();
    this.#stored?.close();
    this.#reader = this.#stored = undefined;
  }

  async #decode(image: number): Promise<Image> {
    const { side, pool, stored } = this.#shared;
    this.#stored ??= stored && openStoredPixels(stored);
    let pixels = this.#free.pop() ?? new Uint8Array(this.#imageBytes);
    let begun = performance.now();
    const isStored = this.#stored?.read(this.#hashOf(image), pixels);
    this.loadTimes.disk += performance.now() - begun;
    if (!isStored) {
      const bytes = await this.#read(image);
      begun = performance.now();
      pixels = (await decodeRegion(bytes, this.#regionOf(image), side, pixels)).data;
      this.loadTimes.decoding += performance.now() - begun;
    }
    if (pool) offerPixels(pool, image, pixels);
    return this.#imageOf(pixels);
  }

  /** Reads the encoded bytes of an image. @throws Error if they have changed since the source was opened. */
  async #read(image: number): Promise<Uint8Array> {
    const { encoded } = this.#shared;
    this.#reader ??= openReader(encoded);
    const begun = performance.now();
    const bytes = await this.#reader.read(image);
    this.loadTimes.disk += performance.now() - begun;
    if (equal(await contentHash(bytes, this.#regionOf(image)), this.#hashOf(image))) return bytes;
    throw new Error(
      `${nameAt(encoded.table.ids, image)} has changed since ${encoded.name} was opened. Open it again: resume the run.`,
    );
  }

  /** Returns the position of a sample in the table. */
  #positionOf(identity: number, sample: number): number {
    const { starts, images } = this.#shared;
    this.#checkIdentity(identity);
    const samples = starts[identity + 1] - starts[identity];
    if (Number.isInteger(sample) && sample >= 0 && sample < samples) return images[starts[identity] + sample];
    const { name } = this.identities[identity];
    throw new RangeError(`DecodedSource: sample ${sample} of "${name}" is not in [0, ${samples}).`);
  }

  #regionOf(image: number): Float64Array | undefined {
    return regionAt(this.#shared.encoded.regions, image);
  }

  #hashOf(image: number): Uint8Array {
    return this.#shared.hashes.subarray(image * 32, (image + 1) * 32);
  }

  get #imageBytes(): number {
    return this.side * this.side * 3;
  }

  #imageOf(data: Uint8Array): Image {
    return { width: this.side, height: this.side, data };
  }

  #content(image: number): SampleContent {
    const { encoded, perceptualHashes } = this.#shared;
    return {
      file: nameAt(encoded.table.ids, image),
      bytes: encoded.table.bytes[image],
      sha256: toHex(this.#hashOf(image)),
      perceptualHash: perceptualHashes.slice(image * 2, image * 2 + 2),
      ...(encoded.roles && {
        isQuery: (encoded.roles[image] & ROLE.query) !== 0,
        isGallery: (encoded.roles[image] & ROLE.gallery) !== 0,
      }),
    };
  }

  #checkIdentity(identity: number): void {
    const count = this.#shared.identities.length;
    if (Number.isInteger(identity) && identity >= 0 && identity < count) return;
    throw new RangeError(`DecodedSource: identity ${identity} is not in [0, ${count}).`);
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const HEX_DIGITS = '0123456789abcdef';

/** Returns bytes as hexadecimal digits. One flat string: a sum of pieces would take ten times the memory. */
function toHex(bytes: Uint8Array): string {
  const digits = new Uint8Array(2 * bytes.length);
  bytes.forEach((byte, i) => {
    digits[2 * i] = HEX_DIGITS.charCodeAt(byte >> 4);
    digits[2 * i + 1] = HEX_DIGITS.charCodeAt(byte & 15);
  });
  return String.fromCharCode(...digits);
}
