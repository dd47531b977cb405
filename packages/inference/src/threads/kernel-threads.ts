import { startThread, type Thread } from '@unitsphere/core/threads';
import type { KernelSet } from '@unitsphere/ops';
import { CONTROL_BYTES, FAILED, FINISHED, PROGRAM, RUN, wake } from './control.js';
import { workerSource } from './kernel-thread.generated.js';
import type { ThreadProgram, ThreadStart } from './kernel-thread.js';
import { type BoundProgram, bindProgram, runParts, type Stages, waitForParts } from './run-parts.js';

/** Milliseconds without a finished part after which a thread is taken for dead. */
const PATIENCE = 60_000;

/**
 * Threads that call WebAssembly kernels on one memory, the caller's included. The others sleep between runs, and do not keep
 * Node's process running.
 */
export class KernelThreads {
  /** Number of threads, the caller's included. */
  readonly count: number;
  readonly #kernels: KernelSet['kernels'];
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #patience: number;
  readonly #others: Thread[] = [];
  #program: BoundProgram | undefined;
  #failure: Error | undefined;

  private constructor(kernels: KernelSet['kernels'], count: number, patience: number) {
    this.#kernels = kernels;
    this.count = count;
    this.#patience = patience;
    this.#control = new Int32Array(new SharedArrayBuffer(CONTROL_BYTES));
  }

  /**
   * Starts threads.
   * @param memory The memory of the kernels, which threads share.
   * @throws Error if a thread cannot be started.
   */
  static async start(
    { kernels, module }: KernelSet,
    memory: WebAssembly.Memory,
    count: number,
    patience = PATIENCE,
  ): Promise<KernelThreads> {
    const threads = new KernelThreads(kernels, count, patience);
    const ready = Array.from({ length: count - 1 }, (_, i) => threads.#add(module, memory, i + 1));
    try {
      await Promise.all(ready);
    } catch (error) {
      threads.close();
      throw error;
    }
    return threads;
  }

  /**
   * Loads the program of the next runs.
   * @param programs The program with the addresses of each thread. All have parts of the same numbers.
   */
  load(programs: readonly Stages[]): void {
    const run = Atomics.load(this.#control, RUN);
    const number = Atomics.load(this.#control, PROGRAM) + 1;
    const parts = programs[0].reduce((sum, stage) => sum + stage.length, 0);
    const claims = new Int32Array(new SharedArrayBuffer(4 * parts)).fill(run);
    this.#program = bindProgram(programs[0], this.#kernels, claims);
    for (const [i, thread] of this.#others.entries()) {
      thread.post({ number, stages: programs[i + 1], claims: claims.buffer } satisfies ThreadProgram);
    }
    Atomics.store(this.#control, PROGRAM, number);
  }

  /** Runs the loaded program. @throws Error if a thread failed. */
  run(): void {
    const control = this.#control;
    const program = this.#program;
    if (this.#failure) throw this.#failure;
    if (!program) throw new Error('No program is loaded.');
    const run = (Atomics.load(control, RUN) + 1) | 0;
    Atomics.store(control, FINISHED, 0);
    Atomics.store(control, RUN, run);
    wake(control, RUN);
    if (!runParts(program, control, run, 0, this.#patience)) throw this.#fail();
    if (!waitForParts(control, run, program.count, this.#patience)) throw this.#fail();
  }

  /** Ends the other threads. The program can no longer be run. */
  close(): void {
    this.#failure ??= new Error('The threads of the network are closed.');
    for (const thread of this.#others) thread.close();
  }

  #fail(reason = 'it did not finish its work.'): Error {
    this.#failure ??= new Error(
      `A thread of the network failed: ${reason} Compile or load the network again.`,
    );
    Atomics.store(this.#control, FAILED, 1);
    return this.#failure;
  }

  /** Starts a thread, and resolves when it is ready. */
  #add(module: WebAssembly.Module, memory: WebAssembly.Memory, number: number): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const thread = startThread(workerSource, 'unitsphere-inference', {
        onMessage: (reason) => {
          if (reason) this.#fail(`${reason}`);
          thread.hold(false);
          resolve();
        },
        onFailure: (reason) => reject(this.#fail(reason)),
      });
      this.#others.push(thread);
      thread.post({ module, memory, control: this.#control.buffer, thread: number } satisfies ThreadStart);
    });
  }
}
