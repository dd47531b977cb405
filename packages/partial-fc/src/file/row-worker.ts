// Worker thread that moves records between memory and files. It waits for a request, takes shares of its records until none
// is left, and reports. scripts/build-workers.mjs bundles it into a string; do not import its values.
import { readSync, writeSync, writevSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { nativeRowFunctions } from './native-rows.js';
import { isSealed, sealRecord } from './record-seal.js';
import {
  ABSENT,
  CLOSED,
  COUNT,
  DONE,
  MOVED,
  NEXT,
  READ,
  REQUEST,
  type RowRequest,
  SHARE,
  WRITE_FD,
} from './row-request.js';

/** `workerData` of the thread. */
export interface RowWorkerData {
  readonly request: RowRequest;
  /** Memory of the records, shared. */
  readonly bytes: Uint8Array;
  /** Size of a record. */
  readonly recordBytes: number;
  /** File or URL of the package, from which `@unitsphere/native` is found. */
  readonly home: string;
}

/** EIO, for a failed write without an error number. */
const IO_ERROR = -5;

const { request, bytes, recordBytes, home } = workerData as RowWorkerData;
const moveRows = nativeRowFunctions(home)?.moveRows;
const { control, slots, leaving, writePositions, coming, readFds, readPositions, outcomes } = request;
const memory = { bytes, integers: new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) };

/** readSync or writeSync. */
type Transfer = (fd: number, buffer: Uint8Array, offset: number, length: number, position: number) => number;

/** Calls `transfer` until the whole record is moved. Returns false if the file ends before. */
function moveAll(transfer: Transfer, fd: number, slot: number, position: number): boolean {
  for (let done = 0; done < recordBytes; ) {
    const moved = transfer(fd, bytes, slot * recordBytes + done, recordBytes - done, position + done);
    if (moved === 0) return false;
    done += moved;
  }
  return true;
}

/** Writes record i of the request and returns its outcome. */
function writeOne(fd: number, i: number): number {
  try {
    return moveAll(writeSync, fd, slots[i], writePositions[i]) ? MOVED : IO_ERROR;
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    return errno !== undefined && errno < 0 ? errno : IO_ERROR;
  }
}

/** Writes records to consecutive positions in one call, which costs as much as several records. */
function writeRun(fd: number, run: readonly number[]): void {
  const views = run.map((i) => bytes.subarray(slots[i] * recordBytes, (slots[i] + 1) * recordBytes));
  let written = 0;
  try {
    written = writevSync(fd, views, writePositions[run[0]]);
  } catch {
    // The records are written one by one below, to find out which of them fail.
  }
  const isComplete = written === run.length * recordBytes;
  for (const i of run) outcomes[i] = isComplete ? MOVED : writeOne(fd, i);
}

/** Seals and writes the leaving rows of records from … to − 1 of the request. */
function writeShare(fd: number, from: number, to: number): void {
  let run: number[] = [];
  for (let i = from; i < to; i++) {
    if (leaving[i] < 0) continue;
    sealRecord(memory, recordBytes, slots[i], leaving[i]);
    if (run.length > 0 && writePositions[i] !== writePositions[run[run.length - 1]] + recordBytes) {
      writeRun(fd, run);
      run = [];
    }
    run.push(i);
  }
  if (run.length > 0) writeRun(fd, run);
}

/** Reads record i of the request and returns its outcome. */
function readOne(i: number): number {
  try {
    if (!moveAll(readSync, readFds[i], slots[i], readPositions[i])) return ABSENT;
    return isSealed(memory, recordBytes, slots[i], coming[i]) ? MOVED : READ;
  } catch {
    return ABSENT;
  }
}

/** Writes the leaving rows of records from … to − 1 of the request, then reads the coming ones into their slots. */
function moveShare(fd: number, from: number, to: number): void {
  if (moveRows) {
    moveRows(
      bytes,
      recordBytes,
      slots,
      leaving,
      writePositions,
      coming,
      readFds,
      readPositions,
      outcomes,
      fd,
      from,
      to,
    );
    return;
  }
  writeShare(fd, from, to);
  for (let i = from; i < to; i++) {
    if (coming[i] >= 0 && (leaving[i] < 0 || outcomes[i] === MOVED)) outcomes[i] = readOne(i);
  }
}

let seen = 0;
for (;;) {
  Atomics.wait(control, REQUEST, seen);
  if (Atomics.load(control, CLOSED)) break;
  seen = Atomics.load(control, REQUEST);
  const count = control[COUNT];
  for (;;) {
    const from = Atomics.add(control, NEXT, SHARE);
    if (from >= count) break;
    moveShare(control[WRITE_FD], from, Math.min(from + SHARE, count));
  }
  Atomics.add(control, DONE, 1);
  Atomics.notify(control, DONE);
}
