/** Names as UTF-8 bytes in one block, which threads share and which takes a fraction of the memory of strings. */
export interface PackedNames {
  readonly bytes: Uint8Array;
  /** End of each name in `bytes`; a name starts where the one before it ends. */
  readonly ends: Float64Array;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Returns the bytes of a name. */
export function nameBytes({ bytes, ends }: PackedNames, index: number): Uint8Array {
  return bytes.subarray(index === 0 ? 0 : ends[index - 1], ends[index]);
}

/** Returns a name as text. Bytes that are not UTF-8 become `\xE9` and the like, so that names stay distinct. */
export function nameAt(names: PackedNames, index: number): string {
  return printable(nameBytes(names, index));
}

/** Returns bytes as text; see {@link nameAt}. */
export function printable(bytes: Uint8Array): string {
  // A copy, because browsers do not decode shared memory.
  const text = decoder.decode(bytes.slice());
  if (!text.includes('\ufffd') || equal(encoder.encode(text), bytes)) return text;
  return Array.from(bytes, (byte) =>
    byte <= 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase()}`,
  ).join('');
}

/** Collects names. */
export class NamePacker {
  #bytes = new Uint8Array(1024);
  #ends = new Float64Array(64);
  #count = 0;
  #used = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds a name. @returns Its index. */
  add(name: string | Uint8Array): number {
    const bytes = typeof name === 'string' ? encoder.encode(name) : name;
    this.#bytes = reserve(this.#bytes, this.#used + bytes.length);
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
    this.#ends = reserve(this.#ends, this.#count + 1);
    this.#ends[this.#count] = this.#used;
    return this.#count++;
  }

  /** Returns the names in an order of their indices, in shared memory if there is any. */
  pack(order: ArrayLike<number>): PackedNames {
    const all = { bytes: this.#bytes, ends: this.#ends };
    const ends = sharedArray(Float64Array, order.length);
    let used = 0;
    for (let i = 0; i < order.length; i++) {
      used += nameBytes(all, order[i]).length;
      ends[i] = used;
    }
    const bytes = sharedArray(Uint8Array, used);
    for (let i = 0; i < order.length; i++) bytes.set(nameBytes(all, order[i]), i === 0 ? 0 : ends[i - 1]);
    return { bytes, ends };
  }
}

type TypedArray = Uint8Array | Int32Array | Uint32Array | Float64Array;
interface ArrayType<T> {
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): T;
  readonly BYTES_PER_ELEMENT: number;
}

/** Allocates an array in memory that threads share; a page without cross-origin isolation has none, and gets its own. */
export function sharedArray<T extends TypedArray>(type: ArrayType<T>, length: number): T {
  const bytes = length * type.BYTES_PER_ELEMENT;
  const Memory = typeof SharedArrayBuffer === 'undefined' ? ArrayBuffer : SharedArrayBuffer;
  return new type(new Memory(bytes));
}

/** Returns the array, or a copy with room for `length` elements. */
export function reserve<T extends Uint8Array | Float64Array | Uint32Array>(array: T, length: number): T {
  if (length <= array.length) return array;
  const larger = new (array.constructor as new (length: number) => T)(Math.max(length, 2 * array.length));
  larger.set(array);
  return larger;
}

/** Compares text by its UTF-8 bytes, which does not depend on the machine's locale. */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [one, other] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (one !== other) return rank(one) - rank(other);
  }
  return a.length - b.length;
}

/** Orders UTF-16 units as their code points: surrogates encode the highest ones. */
const rank = (unit: number) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
