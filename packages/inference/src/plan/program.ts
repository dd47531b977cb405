import type { KernelFunction, KernelSet } from '@unitsphere/ops';
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
 * @param tasks Independent parts of the work, which threads take in turn. The threads divide the calls of a single one.
 * @param callsOf Returns the calls of a task on a thread.
 * @param threads Threads of the processor's own kernels. WebAssembly kernels run on the calling thread.
 */
export function createProgram<Task>(
  tasks: readonly Task[],
  callsOf: (thread: number, task: Task) => readonly Call[],
  { kernels, native }: KernelSet,
  threads: number,
): Program {
  const calls = tasks.map((task) => callsOf(0, task));
  const isNative = native && calls.flat().every(([kernel]) => native.includes(kernel));
  if (!isNative) return new CalledProgram(calls.flat(), kernels);
  if (tasks.length > 1) {
    const lists = Array.from({ length: threads }, (_, thread) =>
      tasks.flatMap((task, i) => (i % threads === thread ? callsOf(thread, task) : [])),
    );
    return new NativeProgram(lists, native, kernels);
  }
  const divided = calls[0].map((call) => splitCall(call, threads));
  const lists = Array.from({ length: threads }, (_, thread) => divided.map((parts) => parts[thread]));
  return new NativeProgram(lists, native, kernels);
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
  readonly #kernel: KernelFunction;
  readonly #calls: number;
  readonly #threads: number;
  #address = 0;

  /** @param lists The calls of each thread; undefined for a call that other threads make. */
  constructor(
    lists: readonly (readonly (Call | undefined)[])[],
    names: readonly string[],
    kernels: KernelSet['kernels'],
  ) {
    const longest = Math.max(...lists.map((calls) => calls.length));
    this.#calls = longest;
    this.#threads = lists.length;
    this.#kernel = kernels['runProgram'];
    this.#words = new Float64Array(lists.length * longest * WORDS);
    for (const [number, calls] of lists.entries()) {
      for (let i = 0; i < longest; i++) {
        this.#words.set(wordsOf(calls[i], names), (number * longest + i) * WORDS);
      }
    }
    this.bytes = this.#words.byteLength;
  }

  load(memory: WebAssembly.Memory, address: number): void {
    new Float64Array(memory.buffer, address, this.#words.length).set(this.#words);
    this.#address = address;
  }

  run(): void {
    this.#kernel(this.#address, this.#calls, this.#threads);
  }
}

function wordsOf(call: Call | undefined, names: readonly string[]): readonly number[] {
  if (!call) return [-1];
  const [kernel, ...values] = call;
  if (values.length >= WORDS) throw new Error(`${kernel} has more than ${WORDS - 1} arguments.`);
  return [names.indexOf(kernel), ...values];
}
