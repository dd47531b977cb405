import { getSystemErrorName } from 'node:util';
import { Worker } from 'node:worker_threads';
import { CenterStoreError } from '../errors.js';
import type { Records } from './record.js';

/** What became of a record that is not as it was asked for. */
export type Outcome =
  /** It could not be read, or not all of it. */
  | 'absent'
  /** It is there, and not whole: its row is another or its checksum not right, as that of a row never written. */
  | 'read'
  /** The row in memory could not be written, and is still there: the error's code. */
  | { code: string };

// Words of the control array.
const REQUEST = 0;
const COUNT = 1;
const NEXT = 2;
const DONE = 3;
const CLOSED = 4;
const WRITE_FD = 5;

// What a thread writes down for a record; a failed write gives its (negative) error number.
const [ABSENT, READ, WHOLE] = [0, 1, 2];
/** EIO, for a write that failed and said nothing. */
const IO_ERROR = -5;

/** Records that a thread takes at a time: few enough to stay in the processor's cache between the calls that move them. */
const SHARE = 64;

/**
 * Seconds without a share taken: a slow disk takes long, a thread that did not start takes for ever. They are counted one
 * by one, so that a program that was stopped and goes on does not take the pause for them.
 */
const PATIENCE = 60;

/**
 * What each thread runs, as text so that no file need be found beside the bundle: waits for a request, takes shares of
 * its records until none is left, says so. Changed records are sealed and written before others are read in their place;
 * those that go to places one behind the other in one call, as a call costs as much as several records.
 */
const THREAD = `
const { workerData } = require('node:worker_threads');
const { readSync, writeSync, writevSync } = require('node:fs');
const { crc32 } = require('node:zlib');
const { control, slots, leaving, writePositions, coming, readFds, readPositions, outcomes, bytes, recordBytes } = workerData;
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
function seal(i) {
  const begin = slots[i] * recordBytes;
  const tail = (begin + recordBytes) / 4;
  integers[tail - 2] = leaving[i] + 1;
  integers[tail - 1] = crcOf(begin);
}
function writeOne(fd, i) {
  try {
    return whole(writeSync, fd, slots[i] * recordBytes, writePositions[i]) ? ${WHOLE} : ${IO_ERROR};
  } catch (error) {
    return error.errno < 0 ? error.errno : ${IO_ERROR};
  }
}
function writeRun(fd, run) {
  const views = run.map((i) => bytes.subarray(slots[i] * recordBytes, (slots[i] + 1) * recordBytes));
  let written = 0;
  try {
    written = writevSync(fd, views, writePositions[run[0]]);
  } catch {}
  // What is refused is tried one by one, to know whose it is.
  const all = written === run.length * recordBytes;
  for (const i of run) outcomes[i] = all ? ${WHOLE} : writeOne(fd, i);
}
function write(fd, from, to) {
  let run = [];
  for (let i = from; i < to; i++) {
    if (leaving[i] < 0) continue;
    seal(i);
    if (run.length > 0 && writePositions[i] !== writePositions[run.at(-1)] + recordBytes) {
      writeRun(fd, run);
      run = [];
    }
    run.push(i);
  }
  if (run.length > 0) writeRun(fd, run);
}
function read(i) {
  const begin = slots[i] * recordBytes;
  try {
    if (!whole(readSync, readFds[i], begin, readPositions[i])) return ${ABSENT};
    const tail = (begin + recordBytes) / 4;
    return integers[tail - 2] === coming[i] + 1 && integers[tail - 1] === crcOf(begin) ? ${WHOLE} : ${READ};
  } catch {
    return ${ABSENT};
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
    const to = Math.min(from + ${SHARE}, count);
    write(control[${WRITE_FD}], from, to);
    for (let i = from; i < to; i++) {
      if (coming[i] >= 0 && (leaving[i] < 0 || outcomes[i] === ${WHOLE})) outcomes[i] = read(i);
    }
  }
  Atomics.add(control, ${DONE}, 1);
  Atomics.notify(control, ${DONE});
}`;

/**
 * Moves records between memory and files on threads of its own while the program computes. One request at a time: add()
 * its records, start() it, and finish() before the memory is used.
 */
export class RowThreads {
  readonly #control = new Int32Array(new SharedArrayBuffer(24));
  readonly #slots: Int32Array;
  readonly #leaving: Int32Array;
  readonly #coming: Int32Array;
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
    [this.#slots, this.#leaving, this.#coming] = [words(), words(), words()];
    [this.#readFds, this.#outcomes] = [words(), words()];
    [this.#writePositions, this.#readPositions] = [positions(), positions()];
    Atomics.store(this.#control, DONE, threads);
    this.#threads = Array.from({ length: threads }, () => {
      const thread = new Worker(THREAD, {
        eval: true,
        // They keep nothing; left to itself each takes 10 MB.
        resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
        workerData: {
          control: this.#control,
          slots: this.#slots,
          leaving: this.#leaving,
          coming: this.#coming,
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
   * @param leaving The row that is there, to be sealed and written first, and where; −1 for none. Rows that go to one place
   *   after the other should be added in that order.
   * @param coming The row that comes in its place, and from where; −1 for none.
   */
  add(
    slot: number,
    leaving: number,
    writePosition: number,
    coming: number,
    readFd: number,
    readPosition: number,
  ): void {
    const i = this.#count++;
    this.#slots[i] = slot;
    this.#leaving[i] = leaving;
    this.#writePositions[i] = writePosition;
    this.#coming[i] = coming;
    this.#readFds[i] = readFd;
    this.#readPositions[i] = readPosition;
  }

  /** Begins with what was added. @param writeFd Of the file that rows are written to. */
  start(writeFd: number): void {
    if (this.#count === 0) return;
    this.#control[COUNT] = this.#count;
    this.#control[WRITE_FD] = writeFd;
    this.#control[NEXT] = 0;
    Atomics.store(this.#control, DONE, 0);
    Atomics.add(this.#control, REQUEST, 1);
    Atomics.notify(this.#control, REQUEST);
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
   * @param each Told of every record that is not as it was asked for: its place in memory, the row that was to be written
   *   and the row that was to come, each −1 for none, and what became of it.
   */
  finish(each: (slot: number, leaving: number, coming: number, outcome: Outcome) => void): void {
    this.#wait();
    const count = this.#count;
    this.#count = 0;
    for (let i = 0; i < count; i++) {
      const outcome = this.#outcomes[i];
      if (outcome === WHOLE) continue;
      const what = outcome < 0 ? { code: getSystemErrorName(outcome) } : outcome === READ ? 'read' : 'absent';
      each(this.#slots[i], this.#leaving[i], this.#coming[i], what);
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
    let idle = 0;
    let taken = -1;
    for (;;) {
      const done = Atomics.load(this.#control, DONE);
      if (done === this.#threads.length) return;
      if (Atomics.wait(this.#control, DONE, done, 1000) !== 'timed-out') continue;
      const now = Atomics.load(this.#control, NEXT);
      idle = now === taken ? idle + 1 : 0;
      taken = now;
      if (idle === PATIENCE) {
        throw new CenterStoreError(
          'the threads that read and write rows do not answer; set ioThreads of fileStore to 0 to do without them.',
        );
      }
    }
  }
}
