import { getSystemErrorName } from 'node:util';
import { Worker } from 'node:worker_threads';
import { CenterStoreError } from '../errors.js';
import type { Records } from './record.js';

/** Where a record lies. */
export interface Place {
  fd: number;
  position: number;
}

/** What became of a record that was asked for. */
export type Outcome =
  /** It could not be read, or not all of it. */
  | 'absent'
  /** It is there; its checksum is not right, as that of a row never written. */
  | 'read'
  /** It is there and its checksum is right. */
  | 'checked'
  /** It was to be written only, and was. */
  | 'written';

// Words of the control array.
const REQUEST = 0;
const COUNT = 1;
const NEXT = 2;
const DONE = 3;
const CLOSED = 4;

/** What a thread writes down for a record; a failed write gives its (negative) error number. */
const OUTCOMES: readonly Outcome[] = ['absent', 'read', 'checked', 'written'];

/** Records that a thread takes at a time. */
const SHARE = 32;

/** Milliseconds without a share taken: a slow disk takes long, a thread that did not start takes for ever. */
const PATIENCE = 60_000;

/**
 * What each thread runs, as text so that no file need be found beside the bundle: waits for a request, takes shares of
 * its records until none is left, says so. A changed record is sealed and written before another is read in its place.
 */
const THREAD = `
const { workerData } = require('node:worker_threads');
const { readSync, writeSync } = require('node:fs');
const { crc32 } = require('node:zlib');
const { control, order, slots, rows, writeFds, writePositions, readFds, readPositions, outcomes, bytes, recordBytes } = workerData;
const integers = new Int32Array(bytes.buffer);
const crcOf = (begin) => crc32(bytes.subarray(begin, begin + recordBytes - 4)) | 0;
function whole(call, fd, begin, position) {
  for (let done = 0; done < recordBytes; ) {
    const some = call(fd, bytes, begin + done, recordBytes - done, position + done);
    if (some === 0) return false;
    done += some;
  }
  return true;
}
function move(i) {
  const begin = slots[i] * recordBytes;
  const tail = (begin + recordBytes) / 4;
  if (writeFds[i] >= 0) {
    integers[tail - 2] = rows[i] + 1;
    integers[tail - 1] = crcOf(begin);
    try {
      if (!whole(writeSync, writeFds[i], begin, writePositions[i])) return -5;
    } catch (error) {
      return error.errno < 0 ? error.errno : -5;
    }
    if (readFds[i] < 0) return 3;
  }
  try {
    if (!whole(readSync, readFds[i], begin, readPositions[i])) return 0;
    return crcOf(begin) === integers[tail - 1] ? 2 : 1;
  } catch {
    return 0;
  }
}
let seen = 0;
for (;;) {
  Atomics.wait(control, ${REQUEST}, seen);
  if (Atomics.load(control, ${CLOSED})) break;
  seen = Atomics.load(control, ${REQUEST});
  const count = control[${COUNT}];
  for (;;) {
    const from = Atomics.add(control, ${NEXT}, ${SHARE});
    if (from >= count) break;
    for (let at = from; at < Math.min(from + ${SHARE}, count); at++) outcomes[order[at]] = move(order[at]);
  }
  Atomics.add(control, ${DONE}, 1);
  Atomics.notify(control, ${DONE});
}`;

/**
 * Moves records between memory and files on threads of its own while the program computes. One request at a time: add()
 * its records, start() it, and finish() before the memory is used.
 */
export class RowThreads {
  readonly #control = new Int32Array(new SharedArrayBuffer(20));
  /** The records in the order in which they are taken. */
  readonly #order: Int32Array;
  readonly #slots: Int32Array;
  readonly #rows: Int32Array;
  readonly #writeFds: Int32Array;
  readonly #writePositions: Float64Array;
  readonly #readFds: Int32Array;
  readonly #readPositions: Float64Array;
  readonly #outcomes: Int32Array;
  readonly #threads: Worker[];
  #count = 0;

  /** @param records The memory, which must be shared; a request has at most as many records. */
  constructor(
    readonly records: Records,
    threads: number,
  ) {
    const { size, layout, bytes } = records;
    const words = () => new Int32Array(new SharedArrayBuffer(4 * size));
    const positions = () => new Float64Array(new SharedArrayBuffer(8 * size));
    [this.#order, this.#slots, this.#rows, this.#writeFds, this.#readFds, this.#outcomes] = [
      words(),
      words(),
      words(),
      words(),
      words(),
      words(),
    ];
    [this.#writePositions, this.#readPositions] = [positions(), positions()];
    Atomics.store(this.#control, DONE, threads);
    this.#threads = Array.from({ length: threads }, () => {
      const thread = new Worker(THREAD, {
        eval: true,
        // They keep nothing; left to itself each takes 10 MB.
        resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
        workerData: {
          control: this.#control,
          order: this.#order,
          slots: this.#slots,
          rows: this.#rows,
          writeFds: this.#writeFds,
          writePositions: this.#writePositions,
          readFds: this.#readFds,
          readPositions: this.#readPositions,
          outcomes: this.#outcomes,
          bytes,
          recordBytes: layout.bytes,
        },
      });
      // It must not keep a program that is otherwise done.
      thread.unref();
      return thread;
    });
  }

  /**
   * Adds a record to the next request.
   * @param slot Where in memory.
   * @param write The row that is there, to be sealed and written first.
   * @param read What comes in its place.
   */
  add(slot: number, write: ({ row: number } & Place) | undefined, read: Place | undefined): void {
    const i = this.#count++;
    this.#slots[i] = slot;
    this.#rows[i] = write?.row ?? -1;
    this.#writeFds[i] = write?.fd ?? -1;
    this.#writePositions[i] = write?.position ?? 0;
    this.#readFds[i] = read?.fd ?? -1;
    this.#readPositions[i] = read?.position ?? 0;
  }

  /** Begins with what was added. */
  start(): void {
    if (this.#count === 0) return;
    this.#sort();
    this.#control[COUNT] = this.#count;
    this.#control[NEXT] = 0;
    Atomics.store(this.#control, DONE, 0);
    Atomics.add(this.#control, REQUEST, 1);
    Atomics.notify(this.#control, REQUEST);
  }

  /** Puts the records in order of where they are written, or else read: the system takes neighbours several times as fast. */
  #sort(): void {
    const { size, layout } = this.records;
    const keys = new Float64Array(this.#count);
    for (let i = 0; i < keys.length; i++) {
      const position = this.#writeFds[i]! >= 0 ? this.#writePositions[i]! : this.#readPositions[i]!;
      keys[i] = Math.floor(position / layout.bytes) * size + i;
    }
    keys.sort();
    for (let at = 0; at < keys.length; at++) this.#order[at] = keys[at]! % size;
  }

  /** Whether a request is under way, or its end not yet asked for. */
  get busy(): boolean {
    return this.#count > 0;
  }

  /** Whether finish() would not wait. */
  get ended(): boolean {
    return Atomics.load(this.#control, DONE) === this.#threads.length;
  }

  /**
   * Waits for the end of the request.
   * @param each Told of every record in turn: its place in memory, and what became of it. Where the row in memory could
   *   not be written, it is still there, and `outcome` is the error's code, such as `{ code: 'ENOSPC' }`.
   */
  finish(each: (slot: number, outcome: Outcome | { code: string }) => void): void {
    this.#wait();
    const count = this.#count;
    this.#count = 0;
    for (let i = 0; i < count; i++) {
      const outcome = this.#outcomes[i]!;
      each(this.#slots[i]!, outcome < 0 ? { code: getSystemErrorName(outcome) } : OUTCOMES[outcome]!);
    }
  }

  /** Waits for what is under way, and ends the threads. */
  close(): void {
    this.#wait();
    Atomics.store(this.#control, CLOSED, 1);
    Atomics.add(this.#control, REQUEST, 1);
    Atomics.notify(this.#control, REQUEST);
  }

  #wait(): void {
    for (;;) {
      const done = Atomics.load(this.#control, DONE);
      if (done === this.#threads.length) return;
      const taken = Atomics.load(this.#control, NEXT);
      const late = Atomics.wait(this.#control, DONE, done, PATIENCE) === 'timed-out';
      if (late && Atomics.load(this.#control, NEXT) === taken) {
        throw new CenterStoreError(
          'the threads that read and write rows do not answer; set ioThreads of fileStore to 0 to do without them.',
        );
      }
    }
  }
}
