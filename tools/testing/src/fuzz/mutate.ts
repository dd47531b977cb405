import type { FuzzRandom } from './random.js';

type Mutation = (bytes: Uint8Array, random: FuzzRandom, others: readonly Uint8Array[]) => Uint8Array;

// Limits of lengths and counts, and values beyond them.
const EXTREMES = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
];

const flipBits: Mutation = (bytes, random) => {
  const mutated = new Uint8Array(bytes);
  for (let flips = 1 + random.below(4); flips > 0 && mutated.length > 0; flips--)
    mutated[random.below(mutated.length)] ^= 1 << random.below(8);
  return mutated;
};

const setBytes: Mutation = (bytes, random) => {
  const mutated = new Uint8Array(bytes);
  for (let count = 1 + random.below(4); count > 0 && mutated.length > 0; count--)
    mutated[random.below(mutated.length)] = random.below(256);
  return mutated;
};

const setExtreme: Mutation = (bytes, random) => {
  const mutated = new Uint8Array(bytes);
  const size = random.pick([1, 2, 4, 8]);
  if (mutated.length < size) return mutated;
  const value = random.pick(EXTREMES);
  const at = random.below(mutated.length - size + 1);
  const bigEndian = random.below(8) === 0;
  for (let i = 0; i < size; i++)
    mutated[at + i] = Number((value >> BigInt(8 * (bigEndian ? size - 1 - i : i))) & 0xffn);
  return mutated;
};

const truncate: Mutation = (bytes, random) => bytes.slice(0, random.below(bytes.length + 1));

const cutOut: Mutation = (bytes, random) => {
  const [from, to] = section(bytes, random);
  return concat([bytes.subarray(0, from), bytes.subarray(to)]);
};

const repeat: Mutation = (bytes, random) => {
  const [from, to] = section(bytes, random);
  const times = random.pick([1, 1, 1, 2, 7, 50]);
  return concat([
    bytes.subarray(0, to),
    ...Array.from({ length: times }, () => bytes.subarray(from, to)),
    bytes.subarray(to),
  ]);
};

const splice: Mutation = (bytes, random, others) => {
  const other = random.pick(others);
  const [from, to] = section(other, random);
  const at = random.below(bytes.length + 1);
  const over = random.below(2) ? Math.min(bytes.length, at + to - from) : at;
  return concat([bytes.subarray(0, at), other.subarray(from, to), bytes.subarray(over)]);
};

const NUMBERS = ['0', '-1', '1e308', '1.5', '9007199254740991', '18446744073709551615', 'null', '[[]]'];

/** Replaces a number in the text. */
const setNumber: Mutation = (bytes, random) => {
  // One character per byte; TextDecoder's latin1 is windows-1252.
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  const numbers = [...text.matchAll(/\d+/g)];
  if (numbers.length === 0) return flipBits(bytes, random, []);
  const { index, 0: digits } = random.pick(numbers);
  const number =
    random.below(40) === 0 ? '['.repeat(8000) + ']'.repeat(8000) : random.pick([...NUMBERS, `${digits}0`]);
  return concat([
    bytes.subarray(0, index),
    new TextEncoder().encode(number),
    bytes.subarray(index + digits.length),
  ]);
};

const nest: Mutation = (bytes, random) => {
  const at = random.below(bytes.length + 1);
  const opening = random.pick(['[', '{"a":', '(', ']', '\x0b', '}', '\x85']);
  const depth = random.pick([3, 30, 3000, 30_000]);
  return concat([bytes.subarray(0, at), new TextEncoder().encode(opening.repeat(depth)), bytes.subarray(at)]);
};

const MUTATIONS: readonly Mutation[] = [
  flipBits,
  flipBits,
  setBytes,
  setExtreme,
  setExtreme,
  truncate,
  cutOut,
  repeat,
  splice,
  setNumber,
];

/** Returns a copy of a file with one to three mutations. */
export function mutate(bytes: Uint8Array, random: FuzzRandom, others: readonly Uint8Array[]): Uint8Array {
  let mutated = bytes;
  for (let times = random.pick([1, 1, 1, 2, 3]); times > 0; times--) {
    // Rare, because deep nesting produces large files.
    const mutation = random.below(200) === 0 ? nest : random.pick(MUTATIONS);
    mutated = mutation(mutated, random, others);
  }
  return mutated;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function section(bytes: Uint8Array, random: FuzzRandom): [number, number] {
  const from = random.below(bytes.length + 1);
  const length = random.below(random.pick([2, 9, 65, bytes.length + 1]));
  return [from, Math.min(bytes.length, from + length)];
}
