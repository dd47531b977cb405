import type * as tf from '@tensorflow/tfjs-core';
import { adamWCorrections } from './adamw-corrections.js';
import { checkEqual, checkFloat } from './check.js';
import type { AdamWRowsStep } from './row-updates.js';
import { readTensors, writeTensors } from './tensor-memory.js';
import { nativeRowFunctions } from './wasm/native-kernels.js';
import { addressOf, offset, type Pointer } from './wasm/pointer.js';
import { type SharedKernels, sharedKernels } from './wasm/shared-kernels.js';

const PAGE_BYTES = 65_536;
const MOST_PAGES = 65_536;
const MOST_BYTES = MOST_PAGES * PAGE_BYTES;
/** Floats copied at a time: 256 KiB, which fit in the processor's cache. */
const PIECE_FLOATS = 65_536;
/** A piece's addresses and floats. */
const SCRATCH_BYTES = 2 * 4 * PIECE_FLOATS;

/**
 * Host memory that threads share, for rows of tables too large for the backend. Rows are gathered and updated in place on every
 * backend, by `@unitsphere/native` where it is installed and by WebAssembly kernels elsewhere, with the same bits.
 */
export interface SharedRowMemory {
  /** Number of bytes for rows. */
  readonly bytes: number;
  /** All of the memory; rows come first. After `grow` it is another object, and views of the previous one keep their size. */
  readonly buffer: SharedArrayBuffer;
  /**
   * Grows in place. Rows keep their addresses, and the values of the new bytes are undefined.
   * @param bytes Number of bytes for rows; fewer than there are change nothing.
   * @throws RangeError if it would exceed 4 GiB, or the system has no more memory.
   */
  grow(bytes: number): void;
  /**
   * Copies rows to the backend.
   * @param begins Byte addresses of the rows, multiples of 4.
   * @returns float32 [begins.length, dimensions].
   */
  gather(begins: Uint32Array, dimensions: number): tf.Tensor2D;
  /**
   * Takes one step of AdamW on rows of this memory, bit-identical to adamWUpdateRows on WebAssembly.
   * @param begins Byte addresses of the parameter's rows, multiples of 4.
   * @param columns Byte offsets of the two running means from a parameter's row.
   * @param gradient float32 [any, dimensions]; not disposed.
   * @param from Row of `gradient` that belongs to the first address.
   * @throws Error on a wrong rank, dtype or size.
   */
  adamW(
    begins: Uint32Array,
    columns: { expAvg: number; expAvgSq: number },
    gradient: tf.Tensor2D,
    from: number,
    step: AdamWRowsStep,
  ): Promise<void>;
}

/** Returns whether a memory of this size can hold rows of this width. WebAssembly addresses at most 4 GiB. */
export function fitsSharedRowMemory(bytes: number, dimensions: number): boolean {
  return dimensions <= PIECE_FLOATS && bytes + SCRATCH_BYTES <= MOST_BYTES - PAGE_BYTES;
}

/**
 * Creates shared memory for rows.
 * @param bytes Number of bytes for rows, all zero at first.
 * @throws RangeError if it would exceed 4 GiB.
 */
export function createSharedRowMemory(bytes: number): SharedRowMemory {
  return new WasmRowMemory(bytes);
}

class WasmRowMemory implements SharedRowMemory {
  readonly #memory: WebAssembly.Memory;
  readonly #kernels: SharedKernels;
  #bytes: number;
  /** Addresses of the rows of a piece, behind all rows. */
  #begins!: Uint32Array;
  /** Floats of a piece. */
  #floats!: Float32Array;

  constructor(bytes: number) {
    const pages = pagesFor(bytes, 'createSharedRowMemory');
    this.#memory = new WebAssembly.Memory({ initial: pages, maximum: MOST_PAGES, shared: true });
    this.#kernels = sharedKernels(this.#memory);
    this.#bytes = bytes;
    this.#placeScratch();
  }

  get bytes(): number {
    return this.#bytes;
  }

  get buffer(): SharedArrayBuffer {
    return this.#memory.buffer as unknown as SharedArrayBuffer;
  }

  grow(bytes: number): void {
    if (bytes <= this.#bytes) return;
    const more = pagesFor(bytes, 'grow') - this.buffer.byteLength / PAGE_BYTES;
    if (more > 0) this.#memory.grow(more);
    this.#bytes = bytes;
    this.#placeScratch();
  }

  #placeScratch(): void {
    const scratch = Math.ceil(this.#bytes / PAGE_BYTES) * PAGE_BYTES;
    this.#begins = new Uint32Array(this.buffer, scratch, PIECE_FLOATS);
    this.#floats = new Float32Array(this.buffer, scratch + 4 * PIECE_FLOATS, PIECE_FLOATS);
  }

  /** Returns the bytes of the rows. */
  #rows(): Uint8Array {
    return new Uint8Array(this.buffer, 0, this.#bytes);
  }

  gather(begins: Uint32Array, dimensions: number): tf.Tensor2D {
    const native = begins.length > 0 ? nativeRowFunctions() : undefined;
    const [gathered] = writeTensors([[begins.length, dimensions]], ([values]) => {
      if (native) {
        native.gatherRows(this.#rows(), begins, values);
        return;
      }
      for (const [from, to] of splitIntoPieces(begins.length, dimensions)) {
        this.#begins.set(begins.subarray(from, to));
        this.#kernels.gatherPieces(
          addressOf(this.#begins),
          to - from,
          4 * dimensions,
          addressOf(this.#floats),
        );
        values.set(this.#floats.subarray(0, (to - from) * dimensions), from * dimensions);
      }
    });
    return gathered as tf.Tensor2D;
  }

  async adamW(
    begins: Uint32Array,
    columns: { expAvg: number; expAvgSq: number },
    gradient: tf.Tensor2D,
    from: number,
    { lr, beta1, beta2, eps, weightDecay, steps, gradientScale = 1 }: AdamWRowsStep,
  ): Promise<void> {
    checkFloat('adamW of shared rows', 'the gradient', gradient, 2);
    checkEqual('adamW of shared rows', 'the number of steps', steps.length, begins.length);
    const [rows, dimensions] = gradient.shape;
    if (from < 0 || from + begins.length > rows) {
      throw new Error(
        `adamW of shared rows: the gradient has ${rows} rows, but rows ${from} to ${from + begins.length - 1} are required.`,
      );
    }
    const { expAvg, expAvgSq } = columns;
    const { stepSize, inverseRootCorrection2 } = adamWCorrections(steps, { lr, beta1, beta2 });
    const native = begins.length > 0 ? nativeRowFunctions() : undefined;
    const decay = 1 - lr * weightDecay;
    await readTensors([gradient], ([values]) => {
      if (native) {
        const part = values.subarray(from * dimensions, (from + begins.length) * dimensions);
        const corrections = [stepSize, inverseRootCorrection2] as const;
        const numbers = [gradientScale, beta1, beta2, eps, decay] as const;
        native.adamWRows(this.#rows(), begins, expAvg, expAvgSq, part, ...corrections, ...numbers);
        return;
      }
      for (const [first, end] of splitIntoPieces(begins.length, dimensions)) {
        this.#floats.set(values.subarray((from + first) * dimensions, (from + end) * dimensions));
        for (let i = first; i < end; i++) {
          const parameter = begins[i] as Pointer;
          this.#kernels.adamW(
            parameter,
            offset(addressOf(this.#floats), 4 * (i - first) * dimensions),
            offset(parameter, expAvg),
            offset(parameter, expAvgSq),
            dimensions,
            parameter,
            gradientScale,
            beta1,
            beta2,
            1 - beta1,
            1 - beta2,
            stepSize[i],
            inverseRootCorrection2[i],
            eps,
            decay,
          );
        }
      }
    });
  }
}

/** Returns the pages of memory for rows and scratch. @throws RangeError if they exceed 4 GiB. */
function pagesFor(bytes: number, method: string): number {
  if (!fitsSharedRowMemory(bytes, 1)) {
    throw new RangeError(
      `${method}: ${bytes} bytes exceed the 4 GiB that WebAssembly addresses. Keep fewer rows in one memory.`,
    );
  }
  return Math.ceil((bytes + SCRATCH_BYTES) / PAGE_BYTES) + 1;
}

/** Yields the first and the end row of each piece. */
function* splitIntoPieces(rows: number, dimensions: number): Generator<[number, number]> {
  const size = Math.floor(PIECE_FLOATS / dimensions);
  for (let from = 0; from < rows; from += size) yield [from, Math.min(from + size, rows)];
}
