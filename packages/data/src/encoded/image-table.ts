import { findRange } from '../find-range.js';
import {
  compareBytes,
  NamePacker,
  nameAt,
  nameBytes,
  type PackedNames,
  reserve,
  sharedArray,
} from './packed-names.js';

/** The images of a source, grouped by identity, as columns in shared memory. */
export interface ImageTable {
  /** Names of the identities, in the order of their bytes. */
  readonly identities: PackedNames;
  /** The images of identity i are starts[i] … starts[i + 1] − 1. */
  readonly starts: Uint32Array;
  /** Name of each image, unique: a path relative to the folder, the key of a record. */
  readonly ids: PackedNames;
  /** Size of each encoded image in bytes. */
  readonly bytes: Float64Array;
}

/** Returns the number of images. */
export function imageCount({ bytes }: ImageTable): number {
  return bytes.length;
}

/** Collects the images of a source in any order. */
export class TableBuilder {
  readonly #identities = new Map<string, number>();
  readonly #ids = new NamePacker();
  #groups = new Uint32Array(64);
  #bytes = new Float64Array(64);

  /** Number of images. */
  get count(): number {
    return this.#ids.count;
  }

  /**
   * Adds an image.
   * @returns Its position in the order of the calls.
   */
  add(identity: string, id: string | Uint8Array, bytes: number): number {
    let group = this.#identities.get(identity);
    if (group === undefined) {
      group = this.#identities.size;
      this.#identities.set(identity, group);
    }
    const position = this.#ids.add(id);
    this.#groups = reserve(this.#groups, position + 1);
    this.#bytes = reserve(this.#bytes, position + 1);
    this.#groups[position] = group;
    this.#bytes[position] = bytes;
    return position;
  }

  /**
   * Sorts the images by identity, and those of an identity by id or in the order in which they were added.
   * @returns The table, and the position of each of its images in the order of `add`.
   */
  finish(within: 'by-id' | 'as-added'): { table: ImageTable; order: Uint32Array } {
    const count = this.count;
    const names = [...this.#identities.keys()];
    const sorted = names.map((_, i) => i).sort((a, b) => compareBytes(names[a], names[b]));
    const starts = sharedArray(Uint32Array, names.length + 1);
    const placeOf = new Uint32Array(names.length);
    sorted.forEach((group, place) => {
      placeOf[group] = place;
    });
    for (let i = 0; i < count; i++) starts[placeOf[this.#groups[i]] + 1]++;
    for (let i = 1; i < starts.length; i++) starts[i] += starts[i - 1];
    const next = starts.slice();
    const order = new Uint32Array(count);
    for (let i = 0; i < count; i++) order[next[placeOf[this.#groups[i]]]++] = i;
    if (within === 'by-id') this.#sortById(order, starts);
    const packer = new NamePacker();
    for (const group of sorted) packer.add(names[group]);
    const bytes = sharedArray(Float64Array, count);
    for (let i = 0; i < count; i++) bytes[i] = this.#bytes[order[i]];
    return {
      table: {
        identities: packer.pack(sorted.map((_, i) => i)),
        starts,
        ids: this.#ids.pack(order),
        bytes,
      },
      order,
    };
  }

  #sortById(order: Uint32Array, starts: Uint32Array): void {
    const all = this.#ids.pack(order);
    for (let identity = 0; identity + 1 < starts.length; identity++) {
      const [from, to] = [starts[identity], starts[identity + 1]];
      const group = Array.from({ length: to - from }, (_, i) => from + i);
      // Folders are read in order, so most groups are sorted already.
      if (group.every((i) => i === from || compare(all, i - 1, i) <= 0)) continue;
      const added = group.sort((a, b) => compare(all, a, b)).map((i) => order[i]);
      order.set(added, from);
    }
  }
}

function compare(names: PackedNames, a: number, b: number): number {
  const [one, other] = [nameBytes(names, a), nameBytes(names, b)];
  const length = Math.min(one.length, other.length);
  for (let i = 0; i < length; i++) if (one[i] !== other[i]) return one[i] - other[i];
  return one.length - other.length;
}

/** Returns the identity of an image. */
export function identityOf({ starts }: ImageTable, image: number): number {
  return findRange(starts, image);
}

/** Returns the first id that two images share; undefined if all are distinct. */
export function repeatedId({ ids }: ImageTable): string | undefined {
  const seen = new Set<string>();
  for (let i = 0; i < ids.ends.length; i++) {
    const id = nameAt(ids, i);
    if (seen.has(id)) return id;
    seen.add(id);
  }
  return undefined;
}
