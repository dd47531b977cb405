import type { Call } from '../threads/run-parts.js';

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

/**
 * Splits a convolution by images. One image is split by groups of `PIXELS` pixels if the kernel has one pixel, otherwise by groups of
 * `group` rows of the output.
 */
const byOutputs = (at: ConvolutionArguments, group = 1): Splitting => {
  const countOutputs = (values: readonly number[]) => {
    if (isPointwise(values, at)) {
      return { outputs: values[at.outHeight] * values[at.outHeight + 1], size: PIXELS };
    }
    return { outputs: values[at.outHeight], size: group };
  };
  return {
    count(values) {
      const { outputs, size } = countOutputs(values);
      return values[at.images] > 1 ? values[at.images] : Math.ceil(outputs / size);
    },
    take(values, firstPart, endPart) {
      const [height, width, inputs] = values.slice(at.height, at.height + 3);
      const outRow = values[at.outHeight + 1] * values[at.channels];
      if (values[at.images] > 1) {
        move(values, at.x, firstPart * height * width * inputs);
        for (const argument of at.outputs) move(values, argument, firstPart * values[at.outHeight] * outRow);
        values[at.images] = endPart - firstPart;
        return;
      }
      const { outputs, size } = countOutputs(values);
      const [first, end] = [firstPart * size, Math.min(endPart * size, outputs)];
      if (isPointwise(values, at)) {
        // The pixels of a part are a column.
        move(values, at.x, first * inputs);
        for (const argument of at.outputs) move(values, argument, first * values[at.channels]);
        values.splice(at.height, 2, end - first, 1);
        values.splice(at.outHeight, 2, end - first, 1);
        return;
      }
      for (const argument of at.outputs) move(values, argument, first * outRow);
      values[at.outHeight] = end - first;
      // Rows above the image count as padding; a negative number of them starts inside it.
      values[at.top] -= first * values[at.stride];
    },
  };
};

/**
 * Splits a convolution with one pixel, such as a linear layer of one image, by panels of `PANEL` channels, and others as
 * `byOutputs`.
 */
const byPanels = (at: ConvolutionArguments, weights: number, constants: readonly number[]): Splitting => {
  const rows = byOutputs(at);
  const isOnePixel = (values: readonly number[]) =>
    values[at.images] * values[at.outHeight] * values[at.outHeight + 1] === 1;
  return {
    count: (values) => (isOnePixel(values) ? Math.ceil(values[at.channels] / PANEL) : rows.count(values)),
    take(values, first, end) {
      if (!isOnePixel(values)) {
        rows.take(values, first, end);
        return;
      }
      const depth = values[at.height + 2] * values[at.height + 3] * values[at.height + 4];
      move(values, weights, first * PANEL * depth);
      for (const argument of [...constants, ...at.outputs]) move(values, argument, first * PANEL);
      values[at.channels] = Math.min(values[at.channels], end * PANEL) - first * PANEL;
    },
  };
};

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
/** Channels of a part of a single pixel: a multiple of the width of every kernel's panels. */
const PANEL = 64;
/** Rows of a product that kernels compute together. */
const PIXELS = 4;
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

/** Splits the pixels of images, of three bytes each, that are read as floats. */
const byPixels: Splitting = {
  count: (values) => Math.floor(values[1] / BLOCK),
  take(values, first, end) {
    const isLast = end === Math.floor(values[1] / BLOCK);
    values[0] += 3 * BLOCK * first;
    values[1] = isLast ? values[1] - first * BLOCK : (end - first) * BLOCK;
    move(values, 3, 3 * BLOCK * first);
  },
};

const splittings: Readonly<Record<string, Splitting>> = {
  convFused: byPanels(CONVOLUTION, 13, [15, 17]),
  winogradFused: byOutputs(CONVOLUTION, TILE),
  depthwiseFused: byOutputs(DEPTHWISE),
  selfAttention: byImages(1, ([, , tokens, heads, width]) => ({
    0: 3 * tokens * heads * width,
    5: tokens * heads * width,
  })),
  layerNorm: byRows(1, 2, [0, 6]),
  lookUpPixels: byPixels,
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

/**
 * Returns the part of a call that a thread computes; undefined for a thread without work. All parts together compute what the call
 * computes.
 */
export function splitCall(call: Call, thread: number, threads: number): Call | undefined {
  const [kernel, ...values] = call;
  const splitting = Object.hasOwn(splittings, kernel) ? splittings[kernel] : undefined;
  const count = splitting?.count(values) ?? 1;
  const parts = Math.max(1, Math.min(count, threads));
  if (thread >= parts) return undefined;
  if (!splitting || parts === 1) return call;
  splitting.take(values, Math.floor((count * thread) / parts), Math.floor((count * (thread + 1)) / parts));
  return [kernel, ...values];
}
