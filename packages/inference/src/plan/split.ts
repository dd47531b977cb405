import type { Call } from './lower.js';

/** How the arguments of a kernel change for the part [first, end) of its work. */
interface Splitting {
  /** Number of parts at most: images, rows or blocks of floats. */
  count(values: readonly number[]): number;
  take(values: number[], first: number, end: number): void;
}

const BYTES = 4;
/** Floats that elementwise kernels split by, so that threads write different cache lines. */
const BLOCK = 64;

/** Splits by images of which each takes `sizes` floats in the arguments of these numbers; argument `images` is their number. */
const byImages = (
  images: number,
  sizes: (values: readonly number[]) => Readonly<Record<number, number>>,
): Splitting => ({
  count: (values) => values[images],
  take(values, first, end) {
    for (const [argument, size] of Object.entries(sizes(values)))
      move(values, Number(argument), first * size);
    values[images] = end - first;
  },
});

/** Moves an address by floats, unless it stands for an absent operand. */
function move(values: number[], argument: number, floats: number): void {
  if (values[argument] !== 0) values[argument] += BYTES * floats;
}

/** Splits rows of `values[columns]` floats; argument `rows` is their number. */
const byRows = (rows: number, columns: number, addresses: readonly number[]): Splitting =>
  byImages(rows, (values) => Object.fromEntries(addresses.map((argument) => [argument, values[columns]])));

/** Splits a list of floats. */
const byFloats = (count: number, addresses: readonly number[]): Splitting => ({
  count: (values) => Math.floor(values[count] / BLOCK),
  take(values, first, end) {
    const isLast = end === Math.floor(values[count] / BLOCK);
    for (const argument of addresses) move(values, argument, first * BLOCK);
    values[count] = isLast ? values[count] - first * BLOCK : (end - first) * BLOCK;
  },
});

/** Numbers of the arguments of a convolution over images. */
interface ConvolutionArguments {
  x: number;
  images: number;
  height: number;
  stride: number;
  top: number;
  outHeight: number;
  /** Addresses of tensors of the output's shape. */
  outputs: readonly number[];
  channels: number;
}

/** Splits a convolution by images, or one image by groups of `group` rows of its output. */
const byOutputs = (at: ConvolutionArguments, group = 1): Splitting => ({
  count: (values) => (values[at.images] > 1 ? values[at.images] : Math.ceil(values[at.outHeight] / group)),
  take(values, firstPart, endPart) {
    const [height, width, inputs] = values.slice(at.height, at.height + 3);
    const outRow = values[at.outHeight + 1] * values[at.channels];
    if (values[at.images] > 1) {
      move(values, at.x, firstPart * height * width * inputs);
      for (const argument of at.outputs) move(values, argument, firstPart * values[at.outHeight] * outRow);
      values[at.images] = endPart - firstPart;
      return;
    }
    const [first, end] = [firstPart * group, Math.min(endPart * group, values[at.outHeight])];
    for (const argument of at.outputs) move(values, argument, first * outRow);
    values[at.outHeight] = end - first;
    if (isPointwise(values, at)) {
      move(values, at.x, first * width * inputs);
      values[at.height] = end - first;
    } else {
      // Rows above the image count as padding; a negative number of them starts inside it.
      values[at.top] -= first * values[at.stride];
    }
  },
});

/** Whether a convolution has a 1x1 kernel at stride 1, whose rows are computed one by one. */
const isPointwise = (values: readonly number[], { top, stride }: ConvolutionArguments) =>
  values[top - 4] === 1 && values[top - 3] === 1 && values[stride] === 1 && values[top] === 0;

const CONVOLUTION = {
  x: 0,
  images: 1,
  height: 2,
  stride: 7,
  top: 9,
  outHeight: 11,
  outputs: [18, 19],
  channels: 14,
};
/** Rows of Winograd's tiles, which are the same for any number of threads. */
const TILE = 4;
const DEPTHWISE = {
  x: 0,
  images: 1,
  height: 2,
  stride: 8,
  top: 10,
  outHeight: 12,
  outputs: [17],
  channels: 4,
};

const splittings: Readonly<Record<string, Splitting>> = {
  convFused: byOutputs(CONVOLUTION),
  winogradFused: byOutputs(CONVOLUTION, TILE),
  depthwiseFused: byOutputs(DEPTHWISE),
  selfAttention: byImages(1, ([, , tokens, heads, width]) => ({
    0: 3 * tokens * heads * width,
    5: tokens * heads * width,
  })),
  layerNorm: byRows(1, 2, [0, 6]),
  activation: byFloats(1, [0, 3]),
  addActivation: byFloats(2, [0, 1, 4]),
  globalAveragePool: byImages(1, ([, , pixels, channels]) => ({ 0: pixels * channels, 4: channels })),
  scaleChannels: byImages(2, ([, , , pixels, channels]) => ({
    0: pixels * channels,
    1: channels,
    5: pixels * channels,
  })),
  maxPool: byImages(1, ([, , h, w, c, , , , oh, ow]) => ({ 0: h * w * c, 10: oh * ow * c })),
  ...Object.fromEntries([0, 1, 2, 3, 4, 5, 6].map((code) => [`affine${code}`, byRows(1, 2, [0, 5])])),
  affinePrelu: byRows(1, 2, [0, 5]),
};

/** Returns each thread's part of a call; undefined for a thread without work. All parts together compute what the call computes. */
export function splitCall(call: Call, threads: number): (Call | undefined)[] {
  const [kernel, ...values] = call;
  const splitting = Object.hasOwn(splittings, kernel) ? splittings[kernel] : undefined;
  const count = splitting?.count(values) ?? 1;
  return Array.from({ length: threads }, (_, thread): Call | undefined => {
    if (!splitting || count < threads) return thread === 0 ? call : undefined;
    const own = [...values];
    splitting.take(own, Math.floor((count * thread) / threads), Math.floor((count * (thread + 1)) / threads));
    return [kernel, ...own];
  });
}
