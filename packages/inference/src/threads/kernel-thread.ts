// Entry of a thread that computes parts of a network's runs.
import { FAILED, FINISHED, PROGRAM, RUN, waitFor } from './control.js';
import { bindProgram, type KernelFunctions, runParts, type Stages } from './run-parts.js';

/** The first message to a thread. It answers with the empty string. */
export interface ThreadStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: SharedArrayBuffer;
  /** Number of the thread; 0 is the caller. */
  readonly thread: number;
}

/** Every later message to a thread. */
export interface ThreadProgram {
  readonly number: number;
  readonly stages: Stages;
  readonly claims: SharedArrayBuffer;
}

/** A message of a thread: empty when it is ready, otherwise why it failed. */
export type ThreadAnswer = string;

// A worker's global scope in a page, and the parent's port in Node, send and receive alike.
const port = (typeof process === 'undefined'
  ? globalThis
  : process.getBuiltinModule('node:worker_threads').parentPort) as unknown as Pick<
  Worker,
  'onmessage' | 'postMessage'
>;

port.onmessage = ({ data: { module, memory, control: buffer, thread } }: MessageEvent<ThreadStart>) => {
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelFunctions;
  const control = new Int32Array(buffer);
  let last = 0;

  /** Takes part in the runs of a program, until there is another one. */
  const serve = ({ number, stages, claims }: ThreadProgram) => {
    const program = bindProgram(stages, kernels, new Int32Array(claims));
    for (;;) {
      waitFor(control, RUN, () => Atomics.load(control, RUN) !== last);
      const run = Atomics.load(control, RUN);
      // The message with the program of this run is under way.
      if (Atomics.load(control, PROGRAM) !== number) return;
      last = run;
      runParts(program, control, run, thread);
    }
  };

  port.onmessage = ({ data }: MessageEvent<ThreadProgram>) => {
    try {
      serve(data);
    } catch (error) {
      Atomics.store(control, FAILED, 1);
      Atomics.notify(control, FINISHED);
      port.postMessage(`${error}` satisfies ThreadAnswer);
    }
  };
  port.postMessage('' satisfies ThreadAnswer);
};
