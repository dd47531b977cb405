import { getSystemErrorName } from 'node:util';
import { Worker } from 'node:worker_threads';
import { CenterStoreError } from '../errors.js';
import type { Records } from './record.js';
import {
  CLOSED,
  COUNT,
  createRowRequest,
  DONE,
  MOVED,
  NEXT,
  READ,
  REQUEST,
  type RowRequest,
  WRITE_FD,
} from './row-request.js';
import { workerSource } from './row-worker.generated.js';
import type { RowWorkerData } from './row-worker.js';

// __filename exists only in CommonJS, import.meta.url only in ES modules.
const home = typeof __filename === 'string' ? __filename : import.meta.url;

/** Result of a record that was not moved as requested. */
export type Outcome =
  /** It could not be read, or only in part. */
  | 'absent'
  /** It was read, but is not sealed for its row: it was never written, is damaged, or belongs to another row. */
  | 'read'
  /** The row in memory could not be written and is still there. `code` is the code of the error. */
  | { code: string };

/** One record of a request. */
export interface RowMove {
  /** Slot in memory. */
  slot: number;
  /** Row in the slot that is sealed and written first; −1 for none. */
  leaving: number;
  /** Byte position at which it is written. */
  writePosition: number;
  /** Row that is then read into the slot; −1 for none. */
  coming: number;
  /** Descriptor of the file and byte position from which it is read. */
  readFd: number;
  readPosition: number;
}

/**
 * Seconds without progress after which a request fails: a slow disk takes long, but a thread that did not start would block
 * forever. Seconds are counted one by one, so that a pause of the whole program does not count.
 */
const PATIENCE = 60;

/**
 * Moves records between memory and files on worker threads while the program computes. Takes one request at a time: `add`
 * its records, `start` it, and `finish` it before the memory is used.
 */
export class RowThreads {
  readonly #request: RowRequest;
  readonly #threads: Worker[];
  #count = 0;

  /** @param records Shared memory. A request has at most as many records. */
  constructor(records: Records, threads: number) {
    const { size, layout, bytes } = records;
    this.#request = createRowRequest(size);
    Atomics.store(this.#request.control, DONE, threads);
    const workerData: RowWorkerData = { request: this.#request, bytes, recordBytes: layout.bytes, home };
    this.#threads = Array.from({ length: threads }, () => {
      const thread = new Worker(workerSource, {
        eval: true,
        // The threads allocate almost nothing, but each would take 10 MB by default.
        resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
        workerData,
      });
      // The threads must not keep the program alive.
      thread.unref();
      return thread;
    });
  }

  /** Adds a record to the next request. Rows for consecutive positions should be added in that order. */
  add({ slot, leaving, writePosition, coming, readFd, readPosition }: RowMove): void {
    const i = this.#count++;
    const request = this.#request;
    request.slots[i] = slot;
    request.leaving[i] = leaving;
    request.writePositions[i] = writePosition;
    request.coming[i] = coming;
    request.readFds[i] = readFd;
    request.readPositions[i] = readPosition;
  }

  /** Starts the request. @param writeFd Descriptor of the file that rows are written to. */
  start(writeFd: number): void {
    if (this.#count === 0) return;
    const { control } = this.#request;
    control[COUNT] = this.#count;
    control[WRITE_FD] = writeFd;
    control[NEXT] = 0;
    Atomics.store(control, DONE, 0);
    Atomics.add(control, REQUEST, 1);
    Atomics.notify(control, REQUEST);
  }

  /** Whether a request has records and was not finished. */
  get busy(): boolean {
    return this.#count > 0;
  }

  /** Whether `finish` would return without waiting. */
  get ended(): boolean {
    return Atomics.load(this.#request.control, DONE) === this.#threads.length;
  }

  /**
   * Waits for the end of the request.
   * @param onFailure Called for each record that was not moved as requested, with its slot, the leaving and the coming row
   *   (−1 for none), and the outcome.
   */
  finish(onFailure: (slot: number, leaving: number, coming: number, outcome: Outcome) => void): void {
    this.#wait();
    const count = this.#count;
    this.#count = 0;
    const { slots, leaving, coming, outcomes } = this.#request;
    for (let i = 0; i < count; i++) {
      if (outcomes[i] !== MOVED) onFailure(slots[i], leaving[i], coming[i], outcomeOf(outcomes[i]));
    }
  }

  /** Waits for the request and ends the threads. */
  close(): void {
    this.#wait();
    const { control } = this.#request;
    Atomics.store(control, CLOSED, 1);
    Atomics.add(control, REQUEST, 1);
    Atomics.notify(control, REQUEST);
  }

  #wait(): void {
    const { control } = this.#request;
    let idle = 0;
    let taken = -1;
    for (;;) {
      const done = Atomics.load(control, DONE);
      if (done === this.#threads.length) return;
      if (Atomics.wait(control, DONE, done, 1000) !== 'timed-out') continue;
      const now = Atomics.load(control, NEXT);
      idle = now === taken ? idle + 1 : 0;
      taken = now;
      if (idle === PATIENCE) {
        throw new CenterStoreError(
          `the threads that read and write rows made no progress for ${PATIENCE} seconds. Set ioThreads of fileStore to 0 to work without threads.`,
        );
      }
    }
  }
}

/** Translates the number that a thread wrote. */
function outcomeOf(value: number): Outcome {
  if (value < 0) return { code: getSystemErrorName(value) };
  return value === READ ? 'read' : 'absent';
}
