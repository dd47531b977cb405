import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { nativeStatus, supportedIsas } from '@unitsphere/native';
import type { Outcome } from '../check.js';
import type { MissingPlace, Place } from './place.js';

/** The native kernels as places: one for each instruction set that this processor supports. */
export interface NativePlaces {
  present: Place[];
  missing: MissingPlace[];
  close(): Promise<void>;
}

/**
 * Returns a place for each instruction set of `@unitsphere/native`. Each runs in a thread of its own, whose environment selects
 * the set. In this thread, the place `wasm` is WebAssembly alone.
 */
export function findNativePlaces(): NativePlaces {
  process.env['UNITSPHERE_NATIVE'] = '1';
  const isas = supportedIsas();
  const { detail } = nativeStatus();
  process.env['UNITSPHERE_NATIVE'] = '0';
  if (isas.length === 0) {
    const why = `the native kernels are not used: ${detail}. Build them with npm run build:native.`;
    return { present: [], missing: [{ name: 'wasm, native', why }], close: async () => undefined };
  }
  const threads = isas.map((isa) => new NativeThread(isa));
  return {
    present: threads.map((thread) => ({
      name: `wasm, native ${thread.isa}`,
      backend: 'wasm',
      device: `${thread.isa}, one thread`,
      run: (check) => thread.run(check),
    })),
    missing: [],
    close: async () => {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

/** Starts at the first check. Runs one check at a time. */
class NativeThread {
  readonly isa: string;
  #worker: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(isa: string) {
    this.isa = isa;
  }

  run(check: string): Promise<Outcome> {
    const outcome = this.#last.then(() => this.#ask(check));
    this.#last = outcome.catch(() => undefined);
    return outcome;
  }

  async #ask(check: string): Promise<Outcome> {
    this.#worker ??= this.#start();
    this.#worker.postMessage(check);
    try {
      const [outcome] = await once(this.#worker, 'message');
      return outcome as Outcome;
    } catch (error) {
      // A thread that failed never answers again.
      this.#worker = undefined;
      throw error;
    }
  }

  #start(): Worker {
    const folder = dirname(createRequire(import.meta.url).resolve('@unitsphere/contract/package.json'));
    return new Worker(join(folder, 'dist', 'native-worker.js'), {
      env: { ...process.env, UNITSPHERE_NATIVE: '1', UNITSPHERE_NATIVE_ISA: this.isa },
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }
}
