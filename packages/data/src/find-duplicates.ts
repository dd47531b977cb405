import { alignedDifference, largestDifference, meanDifference } from './aligned-difference.js';
import { countBits, grayThumbnail } from './perceptual-hash.js';
import type { ImageSource } from './source.js';

/** An image of a source by its identity and sample. */
export interface ImageReference {
  readonly identity: number;
  readonly sample: number;
  /** Path of its file, relative to the folder. */
  readonly file: string;
}

/** Images of a source that show the same picture. */
export interface DuplicateGroup {
  /** `identical`: the files are byte-identical; `near-identical`: some of them differ by scale, compression, crop or slight edits. */
  readonly kind: 'identical' | 'near-identical';
  /** At least two images, in the source's order. */
  readonly images: readonly ImageReference[];
}

/** Hashes of near-identical images differ in at most this many of 63 bits. */
const DISTANCE = 4;
/** Ranges of bits, one more than `DISTANCE`: two close hashes have at least one range in common. */
const BANDS = [0, 13, 26, 38, 51, 63];
/** Near-identical images differ by at most this many gray levels in every cell of a 32 × 32 grid. */
const LEVELS = 40;
/** Mean difference in gray levels above which a slight crop does not explain it, and the images are not aligned. */
const MEAN_LEVELS = 16;
/** Near-identical images differ by at most this many gray levels in every cell after their edges are aligned. */
const ALIGNED_LEVELS = 20;
/** Images whose gray levels spread less than this (standard deviation) match too many others. */
const FLAT = 3;

/** Thumbnails that are kept while pairs are compared. */
const KEPT_THUMBNAILS = 10_000;

/** Options of {@link findDuplicates}. */
export interface DuplicateOptions {
  /**
   * Whether near-identical images of one identity are searched too; byte-identical ones always are. Default: true. A video of one
   * person has very many, and comparing them takes long.
   */
  readonly withinIdentity?: boolean;
}

/**
 * Finds groups of images that show the same picture: byte-identical files, and files that differ by scale, compression, a crop of a
 * few percent or slight edits. Candidates are found by their perceptual hashes and confirmed by their pixels.
 *
 * A source without `contents` (generated images, custom sources) has no groups.
 */
export async function findDuplicates(
  source: ImageSource,
  { withinIdentity = true }: DuplicateOptions = {},
): Promise<DuplicateGroup[]> {
  if (!source.contents) return [];
  const images = new ImageColumns(source.identities.reduce((sum, { samples }) => sum + samples, 0));
  const groups = new DisjointSets(images.count);
  const firstByContent = new Map<string, number>();
  const distinct: number[] = [];
  for (let identity = 0, i = 0; identity < source.identities.length; identity++) {
    for (const [sample, { sha256, perceptualHash }] of source.contents(identity).entries()) {
      images.set(i, identity, sample, perceptualHash);
      const first = firstByContent.get(sha256);
      if (first === undefined) {
        firstByContent.set(sha256, i);
        distinct.push(i);
      } else groups.join(first, i);
      i++;
    }
  }
  firstByContent.clear();
  const near = new Set<number>();
  const load = async (i: number) => source.load(images.identities[i], images.samples[i]);
  const thumbnails = new Map<number, Float32Array | undefined>();
  const thumbnail = async (i: number) => {
    if (thumbnails.has(i)) return thumbnails.get(i);
    const cells = grayThumbnail(await load(i));
    const found = isFlat(cells) ? undefined : cells;
    if (thumbnails.size >= KEPT_THUMBNAILS) thumbnails.clear();
    thumbnails.set(i, found);
    return found;
  };
  const isCrop = async (a: number, b: number, one: Float32Array, other: Float32Array) =>
    meanDifference(one, other) <= MEAN_LEVELS &&
    alignedDifference(await load(a), await load(b)) <= ALIGNED_LEVELS;
  for (const [a, b] of candidates(distinct, images.hashes)) {
    if (!withinIdentity && images.identities[a] === images.identities[b]) continue;
    if (groups.root(a) === groups.root(b)) continue;
    const [one, other] = [await thumbnail(a), await thumbnail(b)];
    if (!one || !other || !(largestDifference(one, other) <= LEVELS || (await isCrop(a, b, one, other))))
      continue;
    near.add(a);
    groups.join(a, b);
  }
  const isNear = new Set([...near].map((i) => groups.root(i)));
  const reference = (i: number): ImageReference => {
    const [identity, sample] = [images.identities[i], images.samples[i]];
    return { identity, sample, file: source.contents?.(identity)[sample].file ?? '' };
  };
  return groups.list().map((members) => ({
    kind: isNear.has(groups.root(members[0])) ? 'near-identical' : 'identical',
    images: members.map(reference),
  }));
}

/** All images of a source, in columns: a million images take 16 MB. */
class ImageColumns {
  readonly identities: Uint32Array;
  readonly samples: Uint32Array;
  /** Two words per image. */
  readonly hashes: Uint32Array;

  constructor(readonly count: number) {
    this.identities = new Uint32Array(count);
    this.samples = new Uint32Array(count);
    this.hashes = new Uint32Array(2 * count);
  }

  set(i: number, identity: number, sample: number, hash: Uint32Array): void {
    this.identities[i] = identity;
    this.samples[i] = sample;
    this.hashes.set(hash, 2 * i);
  }
}

/** Yields each pair of images whose hashes are close, once. */
function* candidates(distinct: readonly number[], hashes: Uint32Array): Generator<[number, number]> {
  for (let band = 0; band + 1 < BANDS.length; band++) {
    const buckets = new Map<number, number[]>();
    for (const i of distinct) {
      const key = bitsOf(hashes, i, BANDS[band], BANDS[band + 1]);
      const bucket = buckets.get(key);
      if (!bucket) buckets.set(key, [i]);
      else {
        for (const j of bucket) {
          if (distanceOf(hashes, i, j) > DISTANCE) continue;
          if (sharesEarlierBand(hashes, i, j, band)) continue;
          yield [j, i];
        }
        bucket.push(i);
      }
    }
  }
}

/** Returns the number of bits in which the hashes of two images differ. */
function distanceOf(hashes: Uint32Array, a: number, b: number): number {
  return countBits(hashes[2 * a] ^ hashes[2 * b]) + countBits(hashes[2 * a + 1] ^ hashes[2 * b + 1]);
}

function sharesEarlierBand(hashes: Uint32Array, a: number, b: number, band: number): boolean {
  for (let k = 0; k < band; k++) {
    if (bitsOf(hashes, a, BANDS[k], BANDS[k + 1]) === bitsOf(hashes, b, BANDS[k], BANDS[k + 1])) return true;
  }
  return false;
}

function bitsOf(hashes: Uint32Array, image: number, from: number, to: number): number {
  let bits = 0;
  for (let bit = from; bit < to; bit++) {
    bits = (bits << 1) | ((hashes[2 * image + (bit >> 5)] >>> (bit & 31)) & 1);
  }
  return bits;
}

function isFlat(cells: Float32Array): boolean {
  const mean = cells.reduce((sum, level) => sum + level, 0) / cells.length;
  const variance = cells.reduce((sum, level) => sum + (level - mean) ** 2, 0) / cells.length;
  return Math.sqrt(variance) < FLAT;
}

/** Disjoint sets of 0 … size − 1. */
class DisjointSets {
  readonly #parents: Int32Array;

  constructor(size: number) {
    this.#parents = Int32Array.from({ length: size }, (_, i) => i);
  }

  root(i: number): number {
    let root = i;
    while (this.#parents[root] !== root) root = this.#parents[root];
    for (let at = i; at !== root; ) {
      const next = this.#parents[at];
      this.#parents[at] = root;
      at = next;
    }
    return root;
  }

  join(a: number, b: number): void {
    const [low, high] = [this.root(a), this.root(b)].sort((x, y) => x - y);
    this.#parents[high] = low;
  }

  /** Returns the sets of at least two elements, ascending. */
  list(): number[][] {
    const sets = new Map<number, number[]>();
    for (let i = 0; i < this.#parents.length; i++) {
      const root = this.root(i);
      const set = sets.get(root);
      if (set) set.push(i);
      else sets.set(root, [i]);
    }
    return [...sets.values()].filter((set) => set.length > 1);
  }
}
