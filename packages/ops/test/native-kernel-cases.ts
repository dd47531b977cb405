import type { Kernels } from '../src/wasm/kernels.generated.js';
import type { NativeOnlyKernels } from '../src/wasm/native-kernels.js';
import { offset, type Pointer } from '../src/wasm/pointer.js';

/** The kernels of WebAssembly, and those that only the addon has. */
export type AllKernels = Kernels & NativeOnlyKernels;

/** Kernels whose results are compared with those of other WebAssembly kernels. */
type Composed = NativeOnlyKernels &
  Pick<Kernels, 'transformedFilterFloats' | 'transformFilter' | 'winogradFused' | 'turnFilter'>;

/**
 * Composes of WebAssembly kernels those that only the addon has, and Winograd's algorithm of the direct product.
 * @param spare Address of memory for their intermediate values.
 */
export function composeKernels(k: Kernels, memory: WebAssembly.Memory, spare: Pointer): Composed {
  const rounded = (x: Pointer, count: number, at: Pointer, bfloat16: number): Pointer => {
    if (!bfloat16) return x;
    k.round(x, count, 7, at);
    return at;
  };
  const [first, second, scratch] = [spare, offset(spare, 1 << 21), offset(spare, 2 << 21)];
  const patches = offset(spare, 3 << 21);
  /** Scores of attention and their gradients; no convolution runs meanwhile. */
  const scores = patches;
  const product = (
    [transA, transB]: readonly [number, number],
    [m, n, depth]: readonly [number, number, number],
    [a, lda]: readonly [Pointer, number],
    [b, ldb]: readonly [Pointer, number],
    [c, ldc]: readonly [Pointer, number],
    bfloat16: number,
  ) => {
    const left = rounded(a, (transA ? depth : m) * lda, first, bfloat16);
    const right = rounded(b, (transB ? n : depth) * ldb, second, bfloat16);
    k.gemm(transA, transB, m, n, depth, left, lda, right, ldb, c, ldc, 0, 0, scratch);
  };
  return {
    gemmBfloat16(transA, transB, m, n, depth, a, lda, b, ldb, c, ldc, accumulate) {
      const left = rounded(a, (transA ? depth : m) * lda, first, 1);
      const right = rounded(b, (transB ? n : depth) * ldb, second, 1);
      k.gemm(transA, transB, m, n, depth, left, lda, right, ldb, c, ldc, accumulate, 0, scratch);
    },
    convolve(x, n, h, w, c, kh, kw, sh, sw, top, left, oh, ow, filter, channels, y, _scratch, bfloat16) {
      const [rows, size] = [n * oh * ow, kh * kw * c];
      const image = rounded(x, n * h * w * c, first, bfloat16);
      const weights = rounded(filter, size * channels, second, bfloat16);
      k.im2col(image, h, w, c, kh, kw, sh, sw, top, left, oh, ow, 0, rows, patches);
      k.gemm(0, 0, rows, channels, size, patches, size, weights, channels, y, channels, 0, 0, scratch);
    },
    convolveBackpropFilter(
      x,
      dy,
      n,
      h,
      w,
      c,
      kh,
      kw,
      sh,
      sw,
      top,
      left,
      oh,
      ow,
      channels,
      dw,
      _scratch,
      bfloat16,
    ) {
      const [rows, size] = [n * oh * ow, kh * kw * c];
      const image = rounded(x, n * h * w * c, first, bfloat16);
      const gradient = rounded(dy, rows * channels, second, bfloat16);
      k.im2col(image, h, w, c, kh, kw, sh, sw, top, left, oh, ow, 0, rows, patches);
      k.gemm(1, 0, size, channels, rows, patches, size, gradient, channels, dw, channels, 0, 0, scratch);
    },
    convolveBackpropInput(dy, n, h, w, c, kh, kw, sh, sw, top, left, oh, ow, filter, channels, dx, bfloat16) {
      const [rows, size] = [n * oh * ow, kh * kw * c];
      const gradient = rounded(dy, rows * channels, first, bfloat16);
      const weights = rounded(filter, size * channels, second, bfloat16);
      k.gemm(0, 1, rows, size, channels, gradient, channels, weights, channels, patches, size, 0, 0, scratch);
      new Float32Array(memory.buffer, dx, n * h * w * c).fill(0);
      k.col2im(patches, h, w, c, kh, kw, sh, sw, top, left, oh, ow, 0, rows, dx);
    },
    adamWRows(parameter, gradient, expAvg, expAvgSq, ids, count, d, steps, corrections, ...numbers) {
      const [scale, beta1, beta2, rest1, rest2, eps, kept] = numbers;
      const [step, correction] = [steps, corrections].map((at) => new Float32Array(memory.buffer, at, count));
      new Int32Array(memory.buffer, ids, count).forEach((id, i) => {
        const [row, m, v] = [parameter, expAvg, expAvgSq].map((at) => offset(at, 4 * d * id));
        const g = offset(gradient, 4 * d * i);
        k.adamW(row, g, m, v, d, row, scale, beta1, beta2, rest1, rest2, step[i], correction[i], eps, kept);
      });
    },
    selfAttentionForward(qkv, batch, tokens, heads, width, y, bfloat16) {
      const channels = heads * width;
      forHeads(batch, tokens, heads, width, (inQkv, inY) => {
        const [q, key, value] = [0, 1, 2].map((part) => offset(qkv, 4 * (inQkv + part * channels)));
        const row = 3 * channels;
        product([0, 1], [tokens, tokens, width], [q, row], [key, row], [scores, tokens], bfloat16);
        k.softmaxRows(scores, tokens, tokens, 1 / Math.sqrt(width));
        const out = offset(y, 4 * inY);
        product([0, 0], [tokens, width, tokens], [scores, tokens], [value, row], [out, channels], bfloat16);
      });
    },
    selfAttentionBackward(qkv, dy, batch, tokens, heads, width, dqkv, bfloat16) {
      const channels = heads * width;
      const [row, factor] = [3 * channels, 1 / Math.sqrt(width)];
      const ds = offset(scores, 4 * tokens * tokens);
      forHeads(batch, tokens, heads, width, (inQkv, inY) => {
        const [q, key, value] = [0, 1, 2].map((part) => offset(qkv, 4 * (inQkv + part * channels)));
        const [dq, dKey, dValue] = [0, 1, 2].map((part) => offset(dqkv, 4 * (inQkv + part * channels)));
        const out = offset(dy, 4 * inY);
        const inner = [tokens, width, tokens] as const;
        product([0, 1], [tokens, tokens, width], [q, row], [key, row], [scores, tokens], bfloat16);
        k.softmaxRows(scores, tokens, tokens, factor);
        product([0, 1], [tokens, tokens, width], [out, channels], [value, row], [ds, tokens], bfloat16);
        k.softmaxRowsGrad(scores, ds, tokens, tokens, factor);
        product([0, 0], inner, [ds, tokens], [key, row], [dq, row], bfloat16);
        product([1, 0], inner, [ds, tokens], [q, row], [dKey, row], bfloat16);
        product([1, 0], inner, [scores, tokens], [out, channels], [dValue, row], bfloat16);
      });
    },
    transformedFilterFloats: (_h, _w, c, kh, kw, _sh, _sw, _top, _left, _oh, _ow, channels) =>
      kh * kw * c * channels,
    transformFilter(filter, c, channels, out) {
      const [depth, width] = [9 * c, k.panelWidth()];
      const from = new Float32Array(memory.buffer, filter, depth * channels);
      const to = new Float32Array(memory.buffer, out, depth * Math.ceil(channels / width) * width).fill(0);
      from.forEach((value, i) => {
        const [row, column] = [Math.floor(i / channels), i % channels];
        const panel = column - (column % width);
        to[panel * depth + row * width + (column % width)] = value;
      });
    },
    winogradFused: (...sizes) => {
      k.convFused(...sizes);
      return 1;
    },
    turnFilter(filter, taps, c, channels, turned) {
      const from = new Float32Array(memory.buffer, filter, taps * c * channels);
      const to = new Float32Array(memory.buffer, turned, taps * c * channels);
      for (let tap = 0; tap < taps; tap++) {
        for (let i = 0; i < c; i++) {
          for (let j = 0; j < channels; j++) {
            to[((taps - 1 - tap) * channels + j) * c + i] = from[(tap * c + i) * channels + j];
          }
        }
      }
    },
  };
}

/** Calls fn with the offset in floats of each head in qkv[batch,tokens,3,heads,width], and in a tensor [batch,tokens,heads,width]. */
function forHeads(
  batch: number,
  tokens: number,
  heads: number,
  width: number,
  fn: (inQkv: number, inY: number) => void,
): void {
  for (let image = 0; image < batch; image++) {
    for (let head = 0; head < heads; head++) {
      const first = image * tokens * heads * width + head * width;
      fn(first + 2 * image * tokens * heads * width, first);
    }
  }
}

/** Draws the arguments of one call. The same seed draws the same arguments. */
export interface Draw {
  /** Returns a whole number between two, both included. */
  size(least: number, most: number): number;
  /** Returns the address of random floats. */
  input(count: number, range?: [number, number]): Pointer;
  /** Returns the address of random int32 values between two, both included. */
  ints(count: number, low: number, high: number): Pointer;
  /** Returns the address of `count` different int32 values from 0 to before `below`. */
  distinct(count: number, below: number): Pointer;
  /** Returns the address of floats that the kernel writes. The tolerance is relative to the largest of them. */
  output(count: number, tolerance?: number): Pointer;
  /** Returns the address of random floats that the kernel changes. */
  state(count: number, tolerance?: number, range?: [number, number]): Pointer;
  /** Returns the address of random weights [rows, columns] in panels of `width` columns. */
  packed(rows: number, columns: number, width: number): Pointer;
  scratch(bytes: number): Pointer;
  absent: Pointer;
}

/** One kernel's call with drawn arguments. */
export interface KernelCase {
  name: string;
  /** Other kernels that the case calls. */
  also?: string[];
  use(draw: Draw, kernels: AllKernels): unknown;
  trials?: number;
  /** Whether only finite inputs are compared, because the order of sums decides what NaN and infinities become. */
  finite?: boolean;
  /** Whether the case needs the processor's bfloat16 instructions. */
  bfloat16?: boolean;
}

const SCRATCH = 1 << 20;

/** Sizes of a convolution whose windows fit in the image. */
function drawWindow(d: Draw, c: number, most = 12) {
  const [kh, kw] = [d.size(1, 3) * 2 - 1, d.size(1, 3) * 2 - 1];
  const stride = d.size(1, 3);
  const padding = d.size(0, Math.max(kh, kw) >> 1);
  const [n, h, w] = [d.size(1, 3), d.size(kh, kh + most), d.size(kw, kw + most)];
  const out = (size: number, k: number) => Math.floor((size + 2 * padding - k) / stride) + 1;
  return { n, h, w, c, kh, kw, stride, padding, oh: out(h, kh), ow: out(w, kw) };
}

/** Sizes of a 3x3 convolution at stride 1, which Winograd's algorithm computes in tiles. */
function drawTiles(d: Draw, [n, h, w]: [n: number, h: number, w: number], c: number) {
  const padding = d.size(0, 2);
  return { n, h, w, c, kh: 3, kw: 3, stride: 1, padding, oh: h + 2 * padding - 2, ow: w + 2 * padding - 2 };
}

const depthwiseArguments = (g: ReturnType<typeof drawWindow>) =>
  [g.kh, g.kw, g.stride, g.stride, g.padding, g.padding, g.oh, g.ow] as const;

const dyCount = (g: ReturnType<typeof drawWindow>, channels: number) => g.n * g.oh * g.ow * channels;

const activations: KernelCase[] = [0, 1, 2, 3, 4, 5, 6].flatMap((code): KernelCase[] => [
  {
    name: `affine${code}`,
    trials: 4,
    use(d, k) {
      const [m, c] = [d.size(1, 300), d.size(1, 70)];
      const [x, a, b, y] = [d.input(m * c, [-5, 5]), d.input(c), d.input(c), d.output(m * c)];
      k[`affine${code}` as 'affine0'](x, m, c, a, b, y);
    },
  },
  {
    name: `batchNormGradSums${code}`,
    trials: 4,
    use(d, k) {
      const [m, c] = [d.size(1, 300), d.size(1, 70)];
      const [x, dy] = [d.input(m * c, [-5, 5]), d.input(m * c)];
      const [a, b, mean, invStd] = [d.input(c), d.input(c), d.input(c), d.input(c)];
      const [dgamma, dbeta] = [d.output(c, 1e-5), d.output(c, 1e-5)];
      const scratch = d.scratch(SCRATCH);
      k[`batchNormGradSums${code}` as 'batchNormGradSums0'](
        x,
        dy,
        m,
        c,
        a,
        b,
        mean,
        invStd,
        dgamma,
        dbeta,
        scratch,
      );
    },
  },
  {
    name: `batchNormGradInput${code}`,
    trials: 4,
    use(d, k) {
      const [m, c] = [d.size(1, 300), d.size(1, 70)];
      const [x, dy] = [d.input(m * c, [-5, 5]), d.input(m * c)];
      const [a, b, p, q, dx] = [d.input(c), d.input(c), d.input(c), d.input(c), d.output(m * c)];
      k[`batchNormGradInput${code}` as 'batchNormGradInput0'](x, dy, m, c, a, b, p, q, dx);
    },
  },
]);

/** Activations that have a kernel of their own; PReLU has slopes, which only other kernels take. */
const elementwise: KernelCase[] = [0, 1, 2, 3, 4, 5, 6, 8, 9].map((code) => ({
  name: `activation code ${code}`,
  also: ['activation', 'activationGrad', 'addActivation'],
  trials: 3,
  use(d, k) {
    const count = d.size(1, 100);
    const [x, dy, y, dx] = [d.input(count, [-8, 8]), d.input(count), d.output(count), d.output(count)];
    k.activation(x, count, code, y);
    k.activationGrad(x, dy, count, code, dx);
    k.addActivation(x, dy, count, code, d.output(count));
  },
}));

/** Activations that fused kernels take, PReLU among them. */
const FUSED_CODES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/** Draws what a fused convolution adds and applies: bias, activation, slope and another image, in its order of arguments. */
function drawFused(d: Draw, g: ReturnType<typeof drawWindow>, channels: number) {
  const [bias, slope] = [d.size(0, 1) ? d.input(channels) : d.absent, d.input(channels)];
  const added = d.size(0, 1) ? d.input(dyCount(g, channels)) : d.absent;
  return [bias, FUSED_CODES[d.size(0, 9)], slope, added] as const;
}

/** Kernels of the inference path. */
const inference: KernelCase[] = [
  {
    name: 'convFused',
    also: ['panelWidth'],
    trials: 30,
    finite: true,
    use(d, k) {
      const g = drawWindow(d, d.size(1, 40), 8);
      const channels = d.size(1, 70);
      const x = d.input(g.n * g.h * g.w * g.c);
      const weights = d.packed(g.kh * g.kw * g.c, channels, k.panelWidth());
      const fused = drawFused(d, g, channels);
      const window = [g.n, g.h, g.w, g.c, ...depthwiseArguments(g)] as const;
      const y = d.output(dyCount(g, channels), 4e-6);
      k.convFused(x, ...window, weights, channels, ...fused, y, d.scratch(SCRATCH));
    },
  },
  {
    name: 'winogradFused',
    also: ['transformFilter', 'transformedFilterFloats'],
    trials: 24,
    finite: true,
    use(d, k) {
      const g = drawTiles(d, [d.size(1, 3), d.size(3, 15), d.size(3, 15)], d.size(1, 140));
      const channels = d.size(1, 70);
      const filter = d.input(9 * g.c * channels);
      // Room for the transformed filters of any width of panels.
      const weights = d.scratch(4 * 36 * g.c * Math.ceil(channels / 32) * 32);
      k.transformFilter(filter, g.c, channels, weights);
      const x = d.input(g.n * g.h * g.w * g.c);
      const fused = drawFused(d, g, channels);
      const window = [g.n, g.h, g.w, g.c, ...depthwiseArguments(g)] as const;
      const y = d.output(dyCount(g, channels), 6e-6);
      k.winogradFused(x, ...window, weights, channels, ...fused, y, d.scratch(SCRATCH));
    },
  },
  {
    name: 'convFused of rows',
    trials: 8,
    finite: true,
    use(d, k) {
      const [rows, depth, channels] = [d.size(1, 200), d.size(1, 600), d.size(1, 90)];
      const x = d.input(rows * depth);
      const weights = d.packed(depth, channels, k.panelWidth());
      const y = d.output(rows * channels, 4e-6);
      const { absent } = d;
      const window = [1, rows, 1, depth, 1, 1, 1, 1, 0, 0, rows, 1] as const;
      k.convFused(
        x,
        ...window,
        weights,
        channels,
        d.input(channels),
        1,
        absent,
        absent,
        y,
        d.scratch(SCRATCH),
      );
    },
  },
  {
    name: 'depthwiseFused',
    trials: 24,
    finite: true,
    use(d, k) {
      const g = drawWindow(d, d.size(1, 40));
      const x = d.input(g.n * g.h * g.w * g.c);
      const weights = d.input(g.kh * g.kw * g.c);
      const [bias, slope] = [d.size(0, 1) ? d.input(g.c) : d.absent, d.input(g.c)];
      const y = d.output(dyCount(g, g.c));
      const code = FUSED_CODES[d.size(0, 9)];
      const window = [g.n, g.h, g.w, g.c, weights, ...depthwiseArguments(g)] as const;
      k.depthwiseFused(x, ...window, bias, code, slope, y, d.scratch(SCRATCH));
    },
  },
  {
    name: 'softmaxRows',
    also: ['softmaxRowsGrad'],
    use(d, k) {
      const [m, n] = [d.size(1, 20), d.size(1, 70)];
      k.softmaxRows(d.state(m * n, 4e-6, [-9, 9]), m, n, 0.7);
      k.softmaxRowsGrad(d.input(m * n), d.state(m * n, 4e-6), m, n, 0.7);
    },
  },
  {
    name: 'selfAttention',
    finite: true,
    use(d, k) {
      const [batch, tokens, heads, width] = [d.size(1, 3), d.size(1, 70), d.size(1, 3), d.size(1, 40)];
      const y = d.output(batch * tokens * heads * width, 4e-6);
      const qkv = d.input(3 * batch * tokens * heads * width, [-2, 2]);
      k.selfAttention(qkv, batch, tokens, heads, width, y, d.scratch(SCRATCH));
    },
  },
  ...[0, 1].map(
    (bfloat16): KernelCase => ({
      name: `self-attention${bfloat16 ? ' of bfloat16' : ''}`,
      also: ['selfAttentionForward', 'selfAttentionBackward'],
      bfloat16: bfloat16 === 1,
      finite: true,
      use(d, k) {
        const sizes = [d.size(1, 3), d.size(1, 70), d.size(1, 3), d.size(1, 40)] as const;
        const count = sizes.reduce((a, b) => a * b);
        const [qkv, dy] = [d.input(3 * count, [-2, 2]), d.input(count)];
        // Scores that differ by a rounding may round to neighbors in bfloat16.
        const tolerance = bfloat16 ? 4e-3 : 6e-6;
        k.selfAttentionForward(qkv, ...sizes, d.output(count, tolerance), bfloat16);
        k.selfAttentionBackward(qkv, dy, ...sizes, d.output(3 * count, tolerance), bfloat16);
      },
    }),
  ),
  {
    name: 'adamWRows',
    use(d, k) {
      const [rows, width] = [d.size(1, 40), d.size(1, 70)];
      const count = d.size(1, rows);
      const ids = d.distinct(count, rows);
      const [parameter, gradient] = [d.state(rows * width, 0), d.input(count * width)];
      const [m, v] = [d.state(rows * width, 0), d.state(rows * width, 0, [0, 1])];
      const [steps, corrections] = [d.input(count, [1e-4, 1e-2]), d.input(count, [1, 9])];
      k.adamWRows(
        parameter,
        gradient,
        m,
        v,
        ids,
        count,
        width,
        steps,
        corrections,
        ...([0.7, 0.9, 0.999, 0.1, 0.001, 1e-8, 0.99] as const),
      );
    },
  },
  {
    name: 'lookUpPixels',
    use(d, k) {
      const pixels = d.size(1, 50);
      k.lookUpPixels(d.ints(pixels, 0, 2 ** 24), pixels, d.input(3 * 256), d.output(3 * pixels, 0));
    },
  },
];

export const CASES: KernelCase[] = [
  ...elementwise,
  ...inference,
  {
    name: 'gemm',
    trials: 60,
    finite: true,
    use(d, k) {
      const [transA, transB] = [d.size(0, 1), d.size(0, 1)];
      const [m, n, depth] = [d.size(1, 70), d.size(1, 90), d.size(0, 1) ? d.size(0, 40) : d.size(1, 700)];
      const [lda, ldb, ldc] = [
        (transA ? m : depth) + d.size(0, 3),
        (transB ? depth : n) + d.size(0, 3),
        n + d.size(0, 3),
      ];
      const a = d.input((transA ? depth : m) * lda);
      const b = d.input((transB ? n : depth) * ldb);
      const c = d.state(m * ldc, 4e-6);
      k.gemm(
        transA,
        transB,
        m,
        n,
        depth,
        a,
        lda,
        b,
        ldb,
        c,
        ldc,
        d.size(0, 1),
        d.size(0, 1),
        d.scratch(SCRATCH),
      );
    },
  },
  {
    name: 'gemm of long sums',
    trials: 6,
    finite: true,
    use(d, k) {
      const [m, n, depth, transB] = [d.size(1, 60), d.size(1, 70), d.size(2048, 5000), d.size(0, 1)];
      const [a, b, c] = [d.input(m * depth), d.input(n * depth), d.state(m * n, 1e-5)];
      const [lda, ldb, add] = [m, transB ? depth : n, d.size(0, 1)];
      k.gemm(1, transB, m, n, depth, a, lda, b, ldb, c, n, add, 0, d.scratch(SCRATCH));
    },
  },
  {
    name: 'gemmBfloat16',
    bfloat16: true,
    trials: 60,
    finite: true,
    use(d, k) {
      const [transA, transB] = [d.size(0, 1), d.size(0, 1)];
      const [m, n, depth] = [
        d.size(1, 400),
        d.size(1, 90),
        d.size(1, 3) > 1 ? d.size(1, 40) : d.size(1, 1200),
      ];
      const [lda, ldb] = [(transA ? m : depth) + d.size(0, 3), (transB ? depth : n) + d.size(0, 3)];
      const [a, b] = [d.input((transA ? depth : m) * lda), d.input((transB ? n : depth) * ldb)];
      const c = d.state(m * n, 4e-6);
      k.gemmBfloat16(transA, transB, m, n, depth, a, lda, b, ldb, c, n, d.size(0, 1));
    },
  },
  ...[0, 1].map(
    (bfloat16): KernelCase => ({
      name: `convolutions${bfloat16 ? ' of bfloat16' : ''}`,
      also: ['convolve', 'convolveBackpropFilter', 'convolveBackpropInput', 'turnFilter'],
      bfloat16: bfloat16 === 1,
      trials: 20,
      finite: true,
      use(d, k) {
        const g = drawWindow(d, d.size(1, 40), 8);
        const channels = d.size(1, 40);
        const x = d.input(g.n * g.h * g.w * g.c);
        const filter = d.input(g.kh * g.kw * g.c * channels);
        const dy = d.input(dyCount(g, channels));
        const [y, dw] = [d.output(dyCount(g, channels), 4e-6), d.output(g.kh * g.kw * g.c * channels, 4e-6)];
        const window = [g.n, g.h, g.w, g.c, ...depthwiseArguments(g)] as const;
        k.convolve(x, ...window, filter, channels, y, d.absent, bfloat16);
        k.convolveBackpropFilter(x, dy, ...window, channels, dw, d.absent, bfloat16);
        const dx = d.output(g.n * g.h * g.w * g.c, 4e-6);
        k.convolveBackpropInput(dy, ...window, filter, channels, dx, bfloat16);
        k.turnFilter(filter, g.kh * g.kw, g.c, channels, d.output(g.kh * g.kw * g.c * channels, 0));
      },
    }),
  ),
  ...[
    { of: 'few channels', most: 70, trials: 12, bfloat16: 0 },
    { of: 'many channels', most: 230, trials: 2, bfloat16: 0 },
    { of: 'bfloat16', most: 70, trials: 6, bfloat16: 1 },
  ].map(
    ({ of, most, trials, bfloat16 }): KernelCase => ({
      // NaN and infinities are compared, too: the direct product computes what has any.
      name: `convolutions by tiles of ${of}`,
      also: ['convolve', 'convolveBackpropFilter'],
      trials,
      bfloat16: bfloat16 === 1,
      finite: bfloat16 === 1,
      use(d, k) {
        const [c, channels] = [d.size(most >> 1, most), d.size(most >> 1, most)];
        const least = bfloat16 ? 15 : 11;
        const g = drawTiles(d, [2, d.size(least, 16), d.size(least, 16)], c);
        const x = d.input(g.n * g.h * g.w * c);
        const filter = d.input(9 * c * channels);
        const dy = d.input(dyCount(g, channels));
        const [y, dw] = [d.output(dyCount(g, channels), 6e-6), d.output(9 * c * channels, 6e-6)];
        const window = [g.n, g.h, g.w, c, ...depthwiseArguments(g)] as const;
        k.convolve(x, ...window, filter, channels, y, d.absent, bfloat16);
        k.convolveBackpropFilter(x, dy, ...window, channels, dw, d.absent, bfloat16);
      },
    }),
  ),
  {
    name: 'gemm of rows that lie 2 KiB apart',
    trials: 4,
    finite: true,
    use(d, k) {
      const [m, n, depth] = [d.size(1, 400), d.size(17, 90), 512];
      const [a, b, c] = [d.input(m * depth), d.input(depth * n), d.output(m * n, 4e-6)];
      k.gemm(0, 0, m, n, depth, a, depth, b, n, c, n, 0, 0, d.scratch(SCRATCH));
    },
  },
  {
    name: 'gemm of many columns',
    trials: 2,
    finite: true,
    use(d, k) {
      const [m, n, depth] = [d.size(30, 40), d.size(500, 1100), d.size(250, 270)];
      const [a, b, c] = [d.input(m * depth), d.input(depth * n), d.output(m * n, 4e-6)];
      k.gemm(0, 1, m, n, depth, a, depth, b, depth, c, n, 0, 0, d.scratch(SCRATCH));
    },
  },
  {
    name: 'im2col',
    use(d, k) {
      const g = drawWindow(d, d.size(1, 20), 8);
      const rows = g.n * g.oh * g.ow;
      const row0 = d.size(0, rows - 1);
      const row1 = d.size(row0, rows);
      const x = d.input(g.n * g.h * g.w * g.c);
      const out = d.output((row1 - row0) * g.kh * g.kw * g.c, 0);
      k.im2col(x, g.h, g.w, g.c, ...depthwiseArguments(g), row0, row1, out);
    },
  },
  {
    name: 'col2im',
    use(d, k) {
      const g = drawWindow(d, d.size(1, 20), 8);
      const rows = g.n * g.oh * g.ow;
      const patches = d.input(rows * g.kh * g.kw * g.c);
      k.col2im(patches, g.h, g.w, g.c, ...depthwiseArguments(g), 0, rows, d.state(g.n * g.h * g.w * g.c));
    },
  },
  {
    name: 'convThin',
    finite: true,
    use(d, k) {
      const g = drawWindow(d, d.size(1, 4));
      const channels = d.size(1, 40);
      const x = d.input(g.n * g.h * g.w * g.c);
      const filter = d.input(g.kh * g.kw * g.c * channels);
      const y = d.output(g.n * g.oh * g.ow * channels);
      k.convThin(x, g.n, g.h, g.w, g.c, ...depthwiseArguments(g), filter, channels, y, d.scratch(SCRATCH));
    },
  },
  {
    name: 'convThinBackpropFilter',
    finite: true,
    use(d, k) {
      const g = drawWindow(d, d.size(1, 4));
      const channels = d.size(1, 40);
      const [x, dy] = [d.input(g.n * g.h * g.w * g.c), d.input(g.n * g.oh * g.ow * channels)];
      const dw = d.output(g.kh * g.kw * g.c * channels, 4e-6);
      k.convThinBackpropFilter(
        x,
        dy,
        g.n,
        g.h,
        g.w,
        g.c,
        ...depthwiseArguments(g),
        channels,
        dw,
        d.scratch(SCRATCH),
      );
    },
  },
  {
    name: 'depthwise',
    trials: 24,
    finite: true,
    use(d, k) {
      const g = drawWindow(d, d.size(1, 40));
      const x = d.input(g.n * g.h * g.w * g.c);
      const filter = d.input(g.kh * g.kw * g.c);
      k.depthwise(x, g.n, g.h, g.w, g.c, filter, ...depthwiseArguments(g), d.output(g.n * g.oh * g.ow * g.c));
    },
  },
  {
    name: 'depthwise of images larger than the cache',
    trials: 2,
    finite: true,
    use(d, k) {
      const [h, w, c] = [d.size(40, 60), d.size(40, 60), d.size(30, 40)];
      const [x, filter, dy] = [d.input(h * w * c), d.input(9 * c), d.input(h * w * c)];
      k.depthwise(x, 1, h, w, c, filter, 3, 3, 1, 1, 1, 1, h, w, d.output(h * w * c));
      k.depthwiseBackpropFilter(x, dy, 1, h, w, c, 3, 3, 1, 1, 1, 1, h, w, d.output(9 * c, 2e-5));
    },
  },
  {
    name: 'depthwisePadded',
    finite: true,
    use(d, k) {
      const [n, h, w, c] = [d.size(1, 3), d.size(1, 10), d.size(1, 10), 4 * d.size(1, 10)];
      const size = 3 + 2 * d.size(0, 1);
      const pad = size >> 1;
      const [x, filter] = [d.input(n * h * w * c), d.input(size * size * c)];
      const y = d.output(n * h * w * c);
      k.depthwisePadded(
        x,
        n,
        h,
        w,
        c,
        filter,
        size,
        pad,
        h,
        w,
        y,
        d.scratch((h + 2 * pad) * (w + 2 * pad) * c * 4),
      );
    },
  },
  {
    name: 'depthwiseBackpropInput',
    trials: 24,
    finite: true,
    use(d, k) {
      const g = drawWindow(d, d.size(1, 40));
      const dy = d.input(g.n * g.oh * g.ow * g.c);
      const filter = d.input(g.kh * g.kw * g.c);
      k.depthwiseBackpropInput(
        dy,
        g.n,
        g.h,
        g.w,
        g.c,
        filter,
        ...depthwiseArguments(g),
        d.output(g.n * g.h * g.w * g.c),
      );
    },
  },
  {
    name: 'depthwiseBackpropFilter',
    trials: 24,
    finite: true,
    use(d, k) {
      const g = drawWindow(d, d.size(1, 40));
      const [x, dy] = [d.input(g.n * g.h * g.w * g.c), d.input(g.n * g.oh * g.ow * g.c)];
      k.depthwiseBackpropFilter(
        x,
        dy,
        g.n,
        g.h,
        g.w,
        g.c,
        ...depthwiseArguments(g),
        d.output(g.kh * g.kw * g.c, 4e-6),
      );
    },
  },
  {
    name: 'moments',
    trials: 20,
    use(d, k) {
      const [m, c] = [d.size(1, 600), d.size(1, 150)];
      const x = d.input(m * c, [90, 92]);
      k.moments(x, m, c, d.output(c), d.output(c, 2e-5), d.scratch(24 * c));
    },
  },
  ...activations,
  {
    name: 'batch norm with PReLU',
    also: ['affinePrelu', 'batchNormGradSumsPrelu', 'batchNormGradInputPrelu'],
    use(d, k) {
      const [m, c] = [d.size(1, 300), d.size(1, 150)];
      const [x, dy] = [d.input(m * c), d.input(m * c)];
      const [a, b, mean, invStd] = [d.input(c), d.input(c), d.input(c), d.input(c)];
      const [p, q, slope] = [d.input(c), d.input(c), d.input(c)];
      k.affinePrelu(x, m, c, a, b, d.output(m * c), slope);
      const [dgamma, dbeta, scratch, dslope] = [
        d.output(c, 1e-5),
        d.output(c, 1e-5),
        d.scratch(36 * c),
        d.output(c, 1e-5),
      ];
      k.batchNormGradSumsPrelu(x, dy, m, c, a, b, mean, invStd, dgamma, dbeta, scratch, slope, dslope);
      k.batchNormGradInputPrelu(x, dy, m, c, a, b, p, q, d.output(m * c), slope);
    },
  },
  {
    name: 'rows of unit length',
    also: ['l2Normalize', 'l2NormalizeGrad'],
    use(d, k) {
      const [m, n] = [d.size(1, 20), d.size(1, 100)];
      const [x, dy] = [d.input(m * n), d.input(m * n)];
      k.l2Normalize(x, m, n, 1e-12, d.output(m * n));
      k.l2NormalizeGrad(x, dy, m, n, 1e-12, d.output(m * n));
    },
  },
  {
    name: 'layer norm',
    also: ['layerNorm', 'layerNormGrad'],
    use(d, k) {
      const [m, n] = [d.size(1, 20), d.size(2, 100)];
      const [x, dy, gamma, beta] = [d.input(m * n, [1, 3]), d.input(m * n), d.input(n), d.input(n)];
      k.layerNorm(x, m, n, gamma, beta, 1e-5, d.output(m * n, 1e-5));
      k.layerNormGrad(x, dy, m, n, gamma, 1e-5, d.output(m * n, 1e-5), d.output(n, 1e-5), d.output(n, 1e-5));
    },
  },
  {
    name: 'rows by index',
    also: ['gatherRows', 'scatterAddRows'],
    use(d, k) {
      const [rows, m, n] = [d.size(1, 30), d.size(1, 40), d.size(1, 70)];
      const [x, some] = [d.input(rows * n), d.input(m * n)];
      const [valid, any] = [d.ints(m, 0, rows - 1), d.ints(m, -2, rows + 1)];
      k.gatherRows(x, valid, m, n, d.output(m * n, 0));
      k.scatterAddRows(some, any, m, n, rows, d.state(rows * n, 0));
    },
  },
  {
    name: 'adamW',
    use(d, k) {
      const count = d.size(1, 100);
      const [parameter, gradient] = [d.input(count), d.input(count)];
      const [average, square, out] = [d.state(count, 0), d.state(count, 0, [0, 1]), d.output(count, 0)];
      k.adamW(
        parameter,
        gradient,
        average,
        square,
        count,
        out,
        0.5,
        0.9,
        0.999,
        0.1,
        0.001,
        0.01,
        3,
        1e-8,
        0.99,
      );
    },
  },
  {
    name: 'sgd',
    use(d, k) {
      const count = d.size(1, 100);
      const [parameter, gradient, out] = [d.input(count), d.input(count), d.output(count, 0)];
      const buffer = d.size(0, 2) ? d.state(count, 0) : d.absent;
      k.sgd(parameter, gradient, buffer, count, out, 0.5, 0.01, 0.9, 0.9, 0.1, d.size(0, 1), 0.1);
    },
  },
  {
    name: 'movingAverage',
    use(d, k) {
      const count = d.size(1, 100);
      k.movingAverage(d.input(count), d.input(count), count, 0.9, 0.1, d.output(count, 0));
    },
  },
  {
    name: 'sumSquares',
    use(d, k) {
      const count = d.size(1, 10_000);
      return k.sumSquares(d.input(count), count);
    },
  },
  {
    name: 'margin softmax',
    also: ['marginSoftmaxForward', 'marginSoftmaxBackward'],
    trials: 16,
    finite: true,
    use(d, k) {
      // In few dimensions, the gradients across a unit row are mostly rounding.
      const [b, n, classes] = [d.size(1, 40), d.size(8, 80), d.size(1, 300)];
      const unit = 1 / Math.sqrt(n);
      const [e, w, labels] = [
        d.input(b * n, [-unit, unit]),
        d.input(classes * n),
        d.ints(b, -1, classes - 1),
      ];
      const filter = d.size(0, 1) ? 0.2 : 0;
      const kept = d.size(0, 1) ? d.output(b * classes, 4e-6) : d.absent;
      const [own, rowMax, rowSum, norms] = [
        d.output(b, 4e-6),
        d.output(b, 4e-6),
        d.output(b, 1e-4),
        d.output(classes, 4e-6),
      ];
      const scratch = d.scratch(600 << 10);
      k.marginSoftmaxForward(
        e,
        b,
        n,
        w,
        classes,
        labels,
        16,
        filter,
        own,
        rowMax,
        rowSum,
        norms,
        kept,
        scratch,
      );
      const [logSums, ownGradients] = [d.input(b, [1, 3]), d.input(b)];
      const [dE, dW] = [d.output(b * n, 1e-5), d.output(classes * n, 1e-5)];
      k.marginSoftmaxBackward(
        e,
        b,
        n,
        w,
        classes,
        labels,
        norms,
        logSums,
        ownGradients,
        16,
        filter,
        0.5,
        kept,
        dE,
        dW,
        scratch,
      );
    },
  },
  {
    name: 'pooling and gates',
    also: ['globalAveragePool', 'globalAveragePoolGrad', 'scaleChannels', 'scaleChannelsGradGate'],
    use(d, k) {
      const [n, pixels, c] = [d.size(1, 3), d.size(1, 50), d.size(1, 70)];
      const [x, dy, gate, small] = [
        d.input(n * pixels * c),
        d.input(n * pixels * c),
        d.input(n * c),
        d.input(n * c),
      ];
      k.globalAveragePool(x, n, pixels, c, d.output(n * c));
      k.globalAveragePoolGrad(small, n, pixels, c, d.output(n * pixels * c));
      k.scaleChannels(x, gate, n, pixels, c, d.output(n * pixels * c));
      k.scaleChannelsGradGate(x, dy, n, pixels, c, d.output(n * c, 4e-6));
    },
  },
  {
    name: 'bias',
    also: ['addBias', 'columnSums'],
    use(d, k) {
      const [m, c] = [d.size(1, 600), d.size(1, 70)];
      const [x, bias] = [d.input(m * c), d.input(c)];
      k.addBias(x, m, c, bias, d.output(m * c));
      k.columnSums(x, m, c, d.output(c, 1e-5), 0.5);
    },
  },
  {
    name: 'max pool',
    also: ['maxPool', 'maxPoolGrad'],
    trials: 20,
    use(d, k) {
      const [size, stride, c] = [d.size(1, 3), d.size(1, 3), d.size(1, 40)];
      const padding = d.size(0, size - 1);
      const [n, h, w] = [d.size(1, 3), d.size(size, 12), d.size(size, 12)];
      const out = (extent: number) => Math.floor((extent + 2 * padding - size) / stride) + 1;
      const [oh, ow] = [out(h), out(w)];
      const [x, dy] = [d.input(n * h * w * c), d.input(n * oh * ow * c)];
      const y = d.output(n * oh * ow * c, 0);
      k.maxPool(x, n, h, w, c, size, stride, padding, oh, ow, y);
      k.maxPoolGrad(x, y, dy, n, h, w, c, size, stride, padding, oh, ow, d.output(n * h * w * c));
    },
  },
  {
    name: 'PReLU',
    also: ['prelu', 'preluGradInput', 'preluGradSlope'],
    use(d, k) {
      const [m, c] = [d.size(1, 300), d.size(1, 70)];
      const [x, dy, slope] = [d.input(m * c), d.input(m * c), d.input(c)];
      k.prelu(x, m, c, slope, d.output(m * c));
      k.preluGradInput(x, dy, m, c, slope, d.output(m * c));
      k.preluGradSlope(x, dy, m, c, d.output(c, 1e-5), d.scratch(8 * c));
    },
  },
];
