import type { KernelSet } from '@unitsphere/ops';
import type { Call } from './lower.js';
import { splitCall } from './split.js';

/** float64 values of a call in a native program. */
const WORDS = 24;

/** Kernel calls that run one after another. */
export interface Program {
  /** Bytes of memory for the program itself. */
  readonly bytes: number;
  /** Writes the program to its memory, whose address is a multiple of 8. */
  load(memory: WebAssembly.Memory, address: number): void;
  run(): void;
}

/**
 * Creates a program. The processor's own kernels run it in one crossing from JavaScript; a call of a WebAssembly kernel costs
 * nanoseconds, so those are called one by one.
 * @param threads Threads of the processor's own kernels. WebAssembly kernels run on the calling thread.
 */
export function createProgram(
  calls: readonly Call[],
  { kernels, native }: KernelSet,
  threads: number,
): Program {
  const isNative = native && calls.every(([kernel]) => native.includes(kernel));
  return isNative ? new NativeProgram(calls, native, kernels, threads) : new CalledProgram(calls, kernels);
}

class CalledProgram implements Program {
  readonly bytes = 0;
  readonly #calls: readonly { kernel: (...values: number[]) => number; values: readonly number[] }[];

  constructor(calls: readonly Call[], kernels: KernelSet['kernels']) {
    this.#calls = calls.map(([kernel, ...values]) => ({ kernel: kernels[kernel], values }));
  }

  load(): void {
    // Nothing to write.
  }

  run(): void {
    for (const { kernel, values } of this.#calls) kernel(...values);
  }
}

class NativeProgram implements Program {
  readonly bytes: number;
  readonly #words: Float64Array;
  readonly #run: (address: number, calls: number, threads: number) => number;
  readonly #calls: number;
  readonly #threads: number;
  #address = 0;

  constructor(
    calls: readonly Call[],
    names: readonly string[],
    kernels: KernelSet['kernels'],
    threads: number,
  ) {
    this.#calls = calls.length;
    this.#threads = threads;
    this.#words = new Float64Array(calls.length * threads * WORDS);
    calls.forEach((call, i) => {
      for (const [thread, part] of splitCall(call, threads).entries()) {
        this.#words.set(wordsOf(part, names), (thread * calls.length + i) * WORDS);
      }
    });
    this.bytes = this.#words.byteLength;
    this.#run = kernels['runProgram'];
  }

  load(memory: WebAssembly.Memory, address: number): void {
    new Float64Array(memory.buffer, address, this.#words.length).set(this.#words);
    this.#address = address;
  }

  run(): void {
    this.#run(this.#address, this.#calls, this.#threads);
  }
}

function wordsOf(call: Call | undefined, names: readonly string[]): readonly number[] {
  if (!call) return [-1];
  const [kernel, ...values] = call;
  if (values.length >= WORDS) throw new Error(`${kernel} has more than ${WORDS - 1} arguments.`);
  return [names.indexOf(kernel), ...values];
}
