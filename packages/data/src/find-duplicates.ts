import { grayThumbnail, hammingDistance } from './perceptual-hash.js';
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
  /** `identical`: the files are byte-identical; `near-identical`: some of them differ by scale, compression or slight edits. */
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
/** Images whose gray levels spread less than this (standard deviation) match too many others. */
const FLAT = 3;

/**
 * Finds groups of images that show the same picture: byte-identical files, and files that differ by scale, compression or
 * slight edits. Candidates are found by their perceptual hashes and confirmed by their pixels.
 *
 * A source without `contents` (generated images, custom sources) has no groups.
 */
export async function findDuplicates(source: ImageSource): Promise<DuplicateGroup[]> {
  if (!source.contents) return [];
  const images: (ImageReference & { sha256: string; hash: Uint32Array })[] = [];
  for (let identity = 0; identity < source.identities.length; identity++) {
    for (const [sample, { file, sha256, perceptualHash }] of source.contents(identity).entries()) {
      images.push({ identity, sample, file, sha256, hash: perceptualHash });
    }
  }
  const groups = new DisjointSets(images.length);
  const firstByContent = new Map<string, number>();
  const distinct: number[] = [];
  images.forEach(({ sha256 }, i) => {
    const first = firstByContent.get(sha256);
    if (first === undefined) {
      firstByContent.set(sha256, i);
      distinct.push(i);
    } else groups.join(first, i);
  });
  const near = new Set<number>();
  const thumbnails = new Map<number, Float32Array | undefined>();
  const thumbnail = async (i: number) => {
    if (!thumbnails.has(i)) {
      const cells = grayThumbnail(await source.load(images[i].identity, images[i].sample));
      thumbnails.set(i, isFlat(cells) ? undefined : cells);
    }
    return thumbnails.get(i);
  };
  for (const [a, b] of candidates(distinct, images)) {
    if (groups.root(a) === groups.root(b)) continue;
    const [one, other] = [await thumbnail(a), await thumbnail(b)];
    if (!one || !other || one.some((level, cell) => Math.abs(level - other[cell]) > LEVELS)) continue;
    near.add(a);
    groups.join(a, b);
  }
  const isNear = new Set([...near].map((i) => groups.root(i)));
  return groups.list().map((members) => ({
    kind: isNear.has(groups.root(members[0])) ? 'near-identical' : 'identical',
    images: members.map((i) => ({
      identity: images[i].identity,
      sample: images[i].sample,
      file: images[i].file,
    })),
  }));
}

/** Yields each pair of images whose hashes are close, once. */
function* candidates(
  distinct: readonly number[],
  images: readonly { hash: Uint32Array }[],
): Generator<[number, number]> {
  for (let band = 0; band + 1 < BANDS.length; band++) {
    const buckets = new Map<number, number[]>();
    for (const i of distinct) {
      const key = bitsOf(images[i].hash, BANDS[band], BANDS[band + 1]);
      const bucket = buckets.get(key);
      if (!bucket) buckets.set(key, [i]);
      else {
        for (const j of bucket) {
          if (hammingDistance(images[i].hash, images[j].hash) > DISTANCE) continue;
          if (sharesEarlierBand(images[i].hash, images[j].hash, band)) continue;
          yield [j, i];
        }
        bucket.push(i);
      }
    }
  }
}

function sharesEarlierBand(a: Uint32Array, b: Uint32Array, band: number): boolean {
  for (let k = 0; k < band; k++) {
    if (bitsOf(a, BANDS[k], BANDS[k + 1]) === bitsOf(b, BANDS[k], BANDS[k + 1])) return true;
  }
  return false;
}

function bitsOf(hash: Uint32Array, from: number, to: number): number {
  let bits = 0;
  for (let bit = from; bit < to; bit++) bits = (bits << 1) | ((hash[bit >> 5] >>> (bit & 31)) & 1);
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
