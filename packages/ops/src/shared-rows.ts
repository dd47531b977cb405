import type * as tf from '@tensorflow/tfjs-core';
import { adamWCorrections } from './adamw-corrections.js';
import { checkEqual, checkFloat } from './check.js';
import type { AdamWRowsStep } from './row-updates.js';
import { readTensors, writeTensors } from './tensor-memory.js';
import { type SharedKernels, sharedKernels } from './wasm/shared-kernels.js';

const PAGE = 65_536;
const LARGEST = 65_536 * PAGE;
/** Floats that are on their way at a time: 256 KiB, so that they stay in the processor's cache. */
const PIECE = 65_536;
const SCRATCH_BYTES = 2 * 4 * PIECE;

/**
 * Memory that threads share and that kernels work in, for rows that are kept in the host's memory, as those of tables larger
 * than a backend holds: they are gathered and updated where they lie. Kernels are WebAssembly whatever the backend is.
 */
export interface SharedRowMemory {
  /** How many bytes are for rows. */
  readonly bytes: number;
  /** All bytes; those for rows are the first. */
  readonly buffer: SharedArrayBuffer;
  /**
   * Brings rows to the backend.
   * @param begins Where they begin: byte addresses, multiples of 4.
   * @returns float32 [begins.length, dimensions].
   */
  gather(begins: Uint32Array, dimensions: number): tf.Tensor2D;
  /**
   * adamWUpdateRows on rows of this memory, to the same bit as on WebAssembly.
   * @param begins Where the rows of the parameter begin: byte addresses, multiples of 4.
   * @param columns How far from there those of the two running means begin, in bytes.
   * @param gradient float32 [any, dimensions]; not disposed.
   * @param from Which of its rows is the first one's.
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

/** Whether there can be a memory of so many bytes for rows of so many dimensions: WebAssembly's ends at 4 GiB. */
export function fitsSharedRowMemory(bytes: number, dimensions: number): boolean {
  return dimensions <= PIECE && bytes + SCRATCH_BYTES <= LARGEST - PAGE;
}

/**
 * Makes one.
 * @param bytes How many are for rows; zeros at first.
 * @throws RangeError where it would be more than 4 GiB.
 */
export function sharedRowMemory(bytes: number): SharedRowMemory {
  return new WasmRowMemory(bytes);
}

class WasmRowMemory implements SharedRowMemory {
  readonly buffer: SharedArrayBuffer;
  readonly #kernels: SharedKernels;
  /** Addresses of a piece's rows. */
  readonly #begins: Uint32Array;
  /** Floats of a piece. */
  readonly #floats: Float32Array;

  constructor(readonly bytes: number) {
    if (!fitsSharedRowMemory(bytes, 1)) {
      throw new RangeError(`sharedRowMemory: ${bytes} bytes do not fit in the 4 GiB of WebAssembly.`);
    }
    const pages = Math.ceil((bytes + SCRATCH_BYTES) / PAGE) + 1;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.buffer = memory.buffer as unknown as SharedArrayBuffer;
    this.#kernels = sharedKernels(memory);
    const scratch = Math.ceil(bytes / PAGE) * PAGE;
    this.#begins = new Uint32Array(this.buffer, scratch, PIECE);
    this.#floats = new Float32Array(this.buffer, scratch + 4 * PIECE, PIECE);
  }

  gather(begins: Uint32Array, dimensions: number): tf.Tensor2D {
    const [gathered] = writeTensors([[begins.length, dimensions]], ([values]) => {
      for (const [from, to] of pieces(begins.length, dimensions)) {
        this.#begins.set(begins.subarray(from, to));
        this.#kernels.gatherPieces(
          this.#begins.byteOffset,
          to - from,
          4 * dimensions,
          this.#floats.byteOffset,
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
        `adamW of shared rows: the gradient has ${rows} rows, but rows ${from} to ${from + begins.length - 1} were asked for.`,
      );
    }
    const { expAvg, expAvgSq } = columns;
    const { stepSize, inverseRootCorrection2 } = adamWCorrections(steps, { lr, beta1, beta2 });
    await readTensors([gradient], ([values]) => {
      for (const [first, end] of pieces(begins.length, dimensions)) {
        this.#floats.set(values.subarray((from + first) * dimensions, (from + end) * dimensions));
        for (let i = first; i < end; i++) {
          const parameter = begins[i];
          this.#kernels.adamW(
            parameter,
            this.#floats.byteOffset + 4 * (i - first) * dimensions,
            parameter + expAvg,
            parameter + expAvgSq,
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
            1 - lr * weightDecay,
          );
        }
      }
    });
  }
}

/** Where the pieces of so many rows begin and end. */
function* pieces(rows: number, dimensions: number): Generator<[number, number]> {
  const size = Math.floor(PIECE / dimensions);
  for (let from = 0; from < rows; from += size) yield [from, Math.min(from + size, rows)];
}
