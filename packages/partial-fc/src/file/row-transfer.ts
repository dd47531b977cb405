import { writeError } from './disk.js';
import type { RowCache } from './row-cache.js';
import { type Outcome, RowThreads } from './row-threads.js';
import type { StoredRows } from './stored-rows.js';

/** Room in the cache for the next turn's rows, as a fraction of this turn's. */
const AHEAD = 0.5;
/** Extra rows of room, because samples vary in size. */
const SLACK = 64;
/** More room than required when the cache grows, because that starts threads anew. */
const RESERVE = 0.01;

/**
 * Moves rows between disk and cache on threads: loads requested rows and writes back the changed ones that they evict. A
 * pending request is settled before the cache is used.
 */
export class RowTransfer {
  #threads: RowThreads | undefined;
  /** Rows of the next turn. Those from index #next on are still to be requested. */
  #wanted: Int32Array = new Int32Array(0);
  #next = 0;
  /** Error of a request that nobody waited for. */
  #failure: Error | undefined;

  constructor(
    readonly cache: RowCache,
    readonly stored: StoredRows,
    readonly threadCount: number,
  ) {}

  /** Loads all of these rows and holds them for a turn. @throws CenterStoreError if any request so far has failed. */
  load(rows: Int32Array): void {
    const { cache } = this;
    this.settle();
    this.#clearWanted();
    cache.beginTurn();
    // The next turn needs less than the same room again, because rows of this turn are released during the update.
    const room = Math.ceil(rows.length * (1 + AHEAD)) + SLACK;
    if (room > cache.capacity) this.#grow(Math.ceil(room * (1 + RESERVE)));
    for (const row of rows) {
      const slot = cache.find(row);
      if (slot < 0) continue;
      cache.markUsed(slot);
      cache.hold(slot);
    }
    for (const row of rows) if (cache.find(row) < 0) this.#request(row);
    this.#start();
    this.settle();
  }

  /** Begins to load the next turn's rows as far as there is room; `advance` loads the rest. */
  prefetch(rows: Int32Array): void {
    for (const row of rows) {
      const slot = this.cache.find(row);
      if (slot >= 0) this.cache.holdForNext(slot);
    }
    this.#wanted = rows;
    this.#next = 0;
    this.advance();
  }

  /** Requests more of the next turn's rows, if no request is pending and there is room. */
  advance(): void {
    if (this.#next === this.#wanted.length || this.#failure) return;
    if (this.#threads?.busy && !this.#threads.ended) return;
    try {
      this.settle();
    } catch (error) {
      // The present turn does not need these rows, so the error is thrown in the next one.
      this.#failure = error as Error;
      return;
    }
    for (; this.#next < this.#wanted.length; this.#next++) {
      const row = this.#wanted[this.#next];
      const slot = this.cache.find(row);
      if (slot >= 0) this.cache.holdForNext(slot);
      else if (!this.#request(row, true)) break;
    }
    this.#start();
  }

  /** Writes all changed rows to the journal. @throws CenterStoreError if a row cannot be written; it stays changed. */
  flush(): void {
    this.settle();
    this.cache.flush((row, slot) => this.#add(slot, row, -1));
    this.#start();
    this.settle();
  }

  /** Waits for the pending request. @throws CenterStoreError if it has failed. */
  settle(): void {
    let failure = this.#failure;
    this.#failure = undefined;
    if (this.#threads?.busy) {
      this.#threads.finish((...result) => {
        try {
          this.#settleRow(...result);
        } catch (error) {
          failure ??= error as Error;
        }
      });
    }
    if (failure) throw failure;
  }

  /** Waits for the pending request, ignores its errors and forgets the rows that are still to be loaded. */
  abandon(): void {
    this.#clearWanted();
    try {
      this.settle();
    } catch {
      // The rows are not used anymore.
    }
  }

  /** Abandons the pending request and ends the threads. */
  close(): void {
    this.abandon();
    this.#threads?.close();
  }

  #clearWanted(): void {
    this.#wanted = new Int32Array(0);
    this.#next = 0;
  }

  /** Adds the load of a row to the next request. Returns false if there is no room. */
  #request(row: number, forNext = false): boolean {
    const { cache } = this;
    let leaving = -1;
    const slot = cache.claim(row, (dirty) => {
      leaving = dirty;
    });
    if (slot < 0) return false;
    if (forNext) cache.holdForNext(slot);
    else cache.hold(slot);
    this.#add(slot, leaving, row);
    return true;
  }

  /** Adds a slot to the next request, with the row to write from it and the row to read into it; −1 for none. */
  #add(slot: number, leaving: number, coming: number): void {
    const { stored } = this;
    this.#threads ??= new RowThreads(this.cache.records, this.threadCount);
    const source = coming < 0 ? undefined : stored.fileOf(coming);
    const writePosition = leaving < 0 ? 0 : stored.journal.allocate(leaving);
    const [readFd, readPosition] = source ? [source.fd, source.positionOf(coming)] : [-1, 0];
    this.#threads.add({ slot, leaving, writePosition, coming, readFd, readPosition });
  }

  #start(): void {
    this.#threads?.start(this.stored.journal.fd);
  }

  /** Handles a record that was not moved as requested. */
  #settleRow(slot: number, leaving: number, coming: number, outcome: Outcome): void {
    if (typeof outcome === 'object') {
      this.cache.putBack(leaving, slot);
      throw writeError(this.stored.journal.path, outcome);
    }
    try {
      // Reads an absent record again on this thread, for the error.
      if (outcome === 'absent') this.stored.read(coming, this.cache.records, slot);
      else this.stored.check(coming, this.cache.records, slot);
    } catch (error) {
      this.cache.drop(slot);
      throw error;
    }
  }

  #grow(room: number): void {
    // The threads work on the memory that is replaced.
    this.#threads?.close();
    this.#threads = undefined;
    this.cache.grow(room);
  }
}
