import type { KernelFunction, KernelSet } from '@unitsphere/ops';
import type { KernelThreads } from '../threads/kernel-threads.js';
import type { Call, Stages } from '../threads/run-parts.js';
import type { Engine } from './engine.js';
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

/** Returns the calls of a task by a thread, with the values of images in one of the copies of their places. */
type CallsOf<Task> = (task: Task, thread: number, copy: number) => readonly Call[];

/**
 * Creates a program. The processor's own kernels run it in one crossing from JavaScript; a call of a WebAssembly kernel costs
 * nanoseconds, so those are called one by one.
 * @param tasks Independent parts of the work, which threads take in turn. The threads divide the calls of a single one.
 */
export function createProgram<Task>(
  tasks: readonly Task[],
  callsOf: CallsOf<Task>,
  { kernels: { kernels, native }, threads, wasmThreads }: Pick<Engine, 'kernels' | 'threads' | 'wasmThreads'>,
): Program {
  const numbers = Array.from({ length: threads }, (_, thread) => thread);
  if (wasmThreads) {
    const programs =
      tasks.length > 1
        ? numbers.map((thread) => [tasks.map((task) => callsOf(task, thread, thread))])
        : numbers.map(() => divideCalls(numbers.map((thread) => callsOf(tasks[0], thread, 0))));
    return new ThreadedProgram(programs, wasmThreads);
  }
  const calls = tasks.flatMap((task) => callsOf(task, 0, 0));
  if (!native || !calls.every(([kernel]) => native.includes(kernel)))
    return new CalledProgram(calls, kernels);
  const lists = numbers.map((thread) =>
    tasks.length > 1
      ? tasks.flatMap((task, i) => (i % threads === thread ? callsOf(task, thread, thread) : []))
      : calls.map((call) => splitCall(call, thread, threads)),
  );
  return new NativeProgram(lists, native, kernels);
}

/** Divides each call into parts. Successive calls that cannot be divided are one part. @param lists The calls by thread. */
function divideCalls(lists: readonly (readonly Call[])[]): Stages {
  const stages: Call[][][] = [];
  for (const [number] of lists[0].entries()) {
    const parts = lists.flatMap((calls, thread) => {
      const part = splitCall(calls[number], thread, lists.length);
      return part ? [[part]] : [];
    });
    const last = stages.at(-1);
    if (last?.length === 1 && parts.length === 1) last[0].push(...parts[0]);
    else stages.push(parts);
  }
  return stages;
}

class ThreadedProgram implements Program {
  readonly bytes = 0;
  readonly #programs: readonly Stages[];
  readonly #threads: KernelThreads;

  constructor(programs: readonly Stages[], threads: KernelThreads) {
    this.#programs = programs;
    this.#threads = threads;
  }

  load(): void {
    this.#threads.load(this.#programs);
  }

  run(): void {
    this.#threads.run();
  }
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
