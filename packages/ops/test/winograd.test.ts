// Errors of Winograd's algorithm beside those of the direct product, both measured against sums in float64. On the processor's own
// kernels, where the addon is built, and on the WebAssembly kernels with and without relaxed SIMD.
import { bindKernels, type Isa, supportedIsas } from '@unitsphere/native';
import { describe, expect, test } from 'vitest';
import { decodeBase64 } from '../src/wasm/base64.js';
import { type Kernels, relaxedSimdBytes, simdBytes } from '../src/wasm/kernels.generated.js';
import type { NativeOnlyKernels } from '../src/wasm/native-kernels.js';
import { NULL_POINTER, offset, type Pointer } from '../src/wasm/pointer.js';

// The suite switches the addon off, so that its other tests run the WebAssembly kernels.
process.env['UNITSPHERE_NATIVE'] = '1';

/** Images, side of the map, input and output channels: several blocks of tiles, borders inside tiles, and few tiles of many channels. */
const SHAPES = [
  [2, 32, 64, 64],
  [3, 14, 160, 192],
  [8, 7, 256, 128],
] as const;
/** Outputs that are compared. */
const SAMPLES = 400;

const memory = new WebAssembly.Memory({ initial: 1024 });
const floats = new Float32Array(memory.buffer);
/** Address of what the WebAssembly kernels require besides their arguments. */
const SPARE = (40 << 20) as Pointer;

const wasm = (bytes: string) =>
  new WebAssembly.Instance(new WebAssembly.Module(decodeBase64(bytes)), { env: { memory } })
    .exports as unknown as Kernels;

const places = [
  'WebAssembly',
  // Not every version of Node.js has relaxed SIMD.
  ...(WebAssembly.validate(decodeBase64(relaxedSimdBytes)) ? ['WebAssembly with relaxed SIMD'] : []),
  ...supportedIsas(),
];

/** The kernels of a place; those of convolutions have the arguments of the native ones. */
function kernelsOf(place: string): Kernels & Pick<NativeOnlyKernels, 'convolve' | 'convolveBackpropFilter'> {
  if (!place.startsWith('WebAssembly')) {
    return bindKernels(memory, place as Isa) as unknown as Kernels & NativeOnlyKernels;
  }
  const k = wasm(place.includes('relaxed') ? relaxedSimdBytes : simdBytes);
  return {
    ...k,
    convolve(x, n, h, w, c, kh, kw, sh, sw, top, left, oh, ow, filter, channels, y) {
      const sizes = [h, w, c, kh, kw, sh, sw, top, left, oh, ow] as const;
      const scratch = offset(SPARE, 4 * k.transformedFilterFloats(...sizes, channels));
      k.transformFilter(filter, c, channels, SPARE);
      const nothing = [NULL_POINTER, 0, NULL_POINTER, NULL_POINTER] as const;
      k.winogradFused(x, n, ...sizes, SPARE, channels, ...nothing, y, scratch);
    },
    convolveBackpropFilter(x, dy, n, h, w, c, _kh, _kw, _sh, _sw, top, left, oh, ow, channels, dw) {
      k.winogradBackpropFilter(x, dy, n, h, w, c, top, left, oh, ow, channels, dw, SPARE);
    },
  };
}

/** Numbers of a normal distribution by the Box-Muller transform, from a linear congruential generator. */
function normal(seed: number): () => number {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

const rootMeanSquare = (values: number[]) =>
  Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);

/** Returns the root mean square of the differences of sampled values from their exact sums. */
function errorOf(values: Float32Array, exact: (index: number) => number): number {
  const step = values.length / SAMPLES;
  const indices = Array.from({ length: SAMPLES }, (_, i) => Math.floor(i * step + (i % 7)));
  return rootMeanSquare(indices.map((i) => values[i] - exact(i)));
}

describe.each(places)('%s', (place) => {
  const k = kernelsOf(place);

  test.each(SHAPES)(
    'errors are at most 3 times those of the direct product: %s images of %s, %s to %s',
    (...shape) => {
      const [n, side, c, channels] = shape;
      const draw = normal(5);
      let next = 16;
      const allocate = (count: number, value: () => number = () => Number.NaN) => {
        const values = floats.subarray(next, next + count);
        values.forEach((_, i) => {
          values[i] = value();
        });
        next += count;
        return values;
      };
      const at = (values: Float32Array) => values.byteOffset as Pointer;
      const pixels = n * side * side;
      const x = allocate(pixels * c, () => Math.max(0, draw()));
      const filter = allocate(9 * c * channels, draw);
      const dy = allocate(pixels * channels, draw);
      const patches = allocate(pixels * 9 * c);
      const [y, directY] = [allocate(pixels * channels), allocate(pixels * channels)];
      const [dw, directDw] = [allocate(9 * c * channels), allocate(9 * c * channels)];
      const sizes = [side, side, c, 3, 3, 1, 1, 1, 1, side, side] as const;

      k.convolve(at(x), n, ...sizes, at(filter), channels, at(y), NULL_POINTER, 0);
      k.convolveBackpropFilter(at(x), at(dy), n, ...sizes, channels, at(dw), NULL_POINTER, 0);
      k.im2col(at(x), ...sizes, 0, pixels, at(patches));
      const product = (trans: number, m: number, depth: number, b: Float32Array, out: Float32Array) =>
        k.gemm(
          trans,
          0,
          m,
          channels,
          depth,
          at(patches),
          9 * c,
          at(b),
          channels,
          at(out),
          channels,
          0,
          0,
          SPARE,
        );
      product(0, pixels, 9 * c, filter, directY);
      product(1, 9 * c, pixels, dy, directDw);

      const exactY = (index: number) => {
        const [pixel, channel] = [Math.floor(index / channels), index % channels];
        let sum = 0;
        for (let p = 0; p < 9 * c; p++) sum += patches[pixel * 9 * c + p] * filter[p * channels + channel];
        return sum;
      };
      const exactDw = (index: number) => {
        const [p, channel] = [Math.floor(index / channels), index % channels];
        let sum = 0;
        for (let pixel = 0; pixel < pixels; pixel++)
          sum += patches[pixel * 9 * c + p] * dy[pixel * channels + channel];
        return sum;
      };
      const [errorY, directErrorY] = [errorOf(y, exactY), errorOf(directY, exactY)];
      const [errorDw, directErrorDw] = [errorOf(dw, exactDw), errorOf(directDw, exactDw)];
      expect(errorY / directErrorY).toBeLessThan(3);
      expect(errorDw / directErrorDw).toBeLessThan(3);
      // Winograd's algorithm has computed them: its rounding differs.
      expect(y).not.toEqual(directY);
      expect(dw).not.toEqual(directDw);
    },
  );

  test('images of a batch do not change each other by a bit', () => {
    const [side, c] = [13, 32];
    const draw = normal(9);
    const count = side * side * c;
    const [x, filter] = [16, 16 + 3 * count];
    const weights = filter + 9 * c * c;
    const y = weights + 36 * c * c;
    for (let i = x; i < weights; i++) floats[i] = draw();
    k.transformFilter((4 * filter) as Pointer, c, c, (4 * weights) as Pointer);
    const sizes = [side, side, c, 3, 3, 1, 1, 1, 1, side, side, (4 * weights) as Pointer, c] as const;
    const run = (first: number, images: number) => {
      const [from, to] = [(4 * (x + first * count)) as Pointer, (4 * y) as Pointer];
      const { winogradFused } = k;
      winogradFused(from, images, ...sizes, NULL_POINTER, 0, NULL_POINTER, NULL_POINTER, to, SPARE);
      return floats.slice(y, y + images * count);
    };
    const together = run(0, 3);
    for (let image = 0; image < 3; image++) {
      expect(run(image, 1)).toEqual(together.subarray(image * count, (image + 1) * count));
    }
  });
});
