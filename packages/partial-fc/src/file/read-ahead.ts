import { Worker } from 'node:worker_threads';
import { CenterStoreError } from '../errors.js';
import type { RecordLayout, Records } from './record.js';

/** Where a record lies. */
export interface Place {
  fd: number;
  position: number;
}

// Words of the control array.
const REQUEST = 0;
const COUNT = 1;
const DONE = 2;
const CLOSED = 3;

/** Milliseconds to wait for one thread: a slow disk takes long, a thread that did not start takes for ever. */
const PATIENCE = 60_000;

/**
 * What each thread runs, as text so that no file need be found beside the bundle: waits for a request, reads its share
 * of the records and their checksums, says so. `whole` is 1 where all of a record came, 2 where its checksum is right, too.
 */
const THREAD = `
const { workerData } = require('node:worker_threads');
const { readSync } = require('node:fs');
const { crc32 } = require('node:zlib');
const { control, fds, positions, whole, bytes, recordBytes, index, threads } = workerData;
let seen = 0;
for (;;) {
  Atomics.wait(control, ${REQUEST}, seen);
  if (Atomics.load(control, ${CLOSED})) break;
  seen = Atomics.load(control, ${REQUEST});
  for (let i = index; i < control[${COUNT}]; i += threads) {
    try {
      whole[i] = 0;
      if (readSync(fds[i], bytes, i * recordBytes, recordBytes, positions[i]) < recordBytes) continue;
      const end = (i + 1) * recordBytes;
      const crc = crc32(bytes.subarray(i * recordBytes, end - 4)) | 0;
      whole[i] = crc === new Int32Array(bytes.buffer, end - 4, 1)[0] ? 2 : 1;
    } catch {
      whole[i] = 0;
    }
  }
  Atomics.add(control, ${DONE}, 1);
  Atomics.notify(control, ${DONE});
}`;

/** Reads records on threads of its own while the program computes: a disk answers many readers sooner than one. */
export class ReadAhead {
  readonly #layout: RecordLayout;
  readonly #control = new Int32Array(new SharedArrayBuffer(16));
  readonly #fds: Int32Array;
  readonly #positions: Float64Array;
  readonly #whole: Uint8Array;
  readonly #bytes: Uint8Array;
  readonly #threads: Worker[];
  /** The rows asked for, and which record of the request each is. */
  readonly #index = new Map<number, number>();

  constructor(
    layout: RecordLayout,
    /** How many records a request can have. */
    readonly capacity: number,
    threads: number,
  ) {
    this.#layout = layout;
    this.#fds = new Int32Array(new SharedArrayBuffer(4 * capacity));
    this.#positions = new Float64Array(new SharedArrayBuffer(8 * capacity));
    this.#whole = new Uint8Array(new SharedArrayBuffer(capacity));
    this.#bytes = new Uint8Array(new SharedArrayBuffer(capacity * layout.bytes));
    Atomics.store(this.#control, DONE, threads);
    this.#threads = Array.from({ length: threads }, (_, index) => {
      const thread = new Worker(THREAD, {
        eval: true,
        // They keep nothing; left to itself each takes 10 MB.
        resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
        workerData: {
          control: this.#control,
          fds: this.#fds,
          positions: this.#positions,
          whole: this.#whole,
          bytes: this.#bytes,
          recordBytes: layout.bytes,
          index,
          threads,
        },
      });
      // It must not keep a program that is otherwise done.
      thread.unref();
      return thread;
    });
  }

  /** Asks for rows in place of those asked for before; the first that fit. */
  request(rows: Iterable<number>, placeOf: (row: number) => Place | undefined): void {
    this.clear();
    for (const row of rows) {
      const place = placeOf(row);
      if (!place) continue;
      if (this.#index.size === this.capacity) break;
      const i = this.#index.size;
      this.#fds[i] = place.fd;
      this.#positions[i] = place.position;
      this.#index.set(row, i);
    }
    if (this.#index.size === 0) return;
    this.#control[COUNT] = this.#index.size;
    Atomics.store(this.#control, DONE, 0);
    Atomics.add(this.#control, REQUEST, 1);
    Atomics.notify(this.#control, REQUEST);
  }

  /** Gives a row that was asked for, once it is there. @returns Whether it is one, and its checksum is known to be right. */
  take(row: number, records: Records, into: number): 'absent' | 'read' | 'checked' {
    const i = this.#index.get(row);
    if (i === undefined) return 'absent';
    this.#wait();
    if (this.#whole[i] === 0) return 'absent';
    records.bytesOf(into).set(this.#bytes.subarray(i * this.#layout.bytes, (i + 1) * this.#layout.bytes));
    return this.#whole[i] === 2 ? 'checked' : 'read';
  }

  /** A row is about to change: what was read of it is old. */
  forget(row: number): void {
    this.#index.delete(row);
  }

  /** Forgets all, and waits until no thread reads. */
  clear(): void {
    this.#wait();
    this.#index.clear();
  }

  close(): void {
    this.clear();
    Atomics.store(this.#control, CLOSED, 1);
    Atomics.add(this.#control, REQUEST, 1);
    Atomics.notify(this.#control, REQUEST);
  }

  #wait(): void {
    for (;;) {
      const done = Atomics.load(this.#control, DONE);
      if (done === this.#threads.length) return;
      if (Atomics.wait(this.#control, DONE, done, PATIENCE) === 'timed-out') {
        throw new CenterStoreError(
          'the threads that read ahead do not answer; set readAhead of fileStore to 0 to do without them.',
        );
      }
    }
  }
}
