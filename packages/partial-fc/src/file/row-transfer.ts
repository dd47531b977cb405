import type { CenterFile } from './center-file.js';
import { writeError } from './disk.js';
import type { Journal } from './journal.js';
import type { RowCache } from './row-cache.js';
import { type Outcome, RowThreads } from './row-threads.js';

/** Looks at a row that was asked for and is not whole: what is in the cache of it, or that nothing is. */
export type AcceptRow = (row: number, slot: number, found: 'absent' | 'read') => void;

/**
 * Brings rows from the files into the cache, and changed ones that make room back, on threads. What is under way is
 * settled before the cache is used.
 */
export class RowTransfer {
  #threads: RowThreads | undefined;
  /** Rows of the next turn, of which those from #next on are still to be asked for. */
  #wanted: Int32Array = new Int32Array(0);
  #next = 0;
  /** What went wrong with no one there to be told. */
  #failure: Error | undefined;

  constructor(
    readonly cache: RowCache,
    readonly files: { centers: CenterFile; journal: Journal },
    readonly threads: number,
    readonly accept: AcceptRow,
  ) {}

  /** Brings all of these rows in and holds them for a turn. @throws CenterStoreError what any transfer so far met with. */
  bring(rows: Int32Array): void {
    const { cache } = this;
    this.settle();
    this.#wantNone();
    cache.beginTurn();
    // As the rows of a turn are released while they are updated, the next ones need less than as much again.
    const room = Math.ceil(rows.length * (1 + AHEAD)) + SLACK;
    if (room > cache.capacity) this.#grow(room);
    for (const row of rows) {
      const slot = cache.find(row);
      if (slot < 0) continue;
      cache.markUsed(slot);
      cache.hold(slot);
    }
    for (const row of rows) if (cache.find(row) < 0) this.#ask(row);
    this.#start();
    this.settle();
  }

  /** Begins to bring in the next turn's rows, as far as there is room; the rest as rows are released. */
  ahead(rows: Int32Array): void {
    for (const row of rows) {
      const slot = this.cache.find(row);
      if (slot >= 0) this.cache.holdForNext(slot);
    }
    this.#wanted = rows;
    this.#next = 0;
    this.goOn();
  }

  /** Asks for what is still wanted, where there is room and nothing under way. */
  goOn(): void {
    if (this.#next === this.#wanted.length || this.#failure) return;
    if (this.#threads?.busy && !this.#threads.ended) return;
    try {
      this.settle();
    } catch (error) {
      // The turn that goes on now needs none of it.
      this.#failure = error as Error;
      return;
    }
    for (; this.#next < this.#wanted.length; this.#next++) {
      const row = this.#wanted[this.#next];
      const slot = this.cache.find(row);
      if (slot >= 0) this.cache.holdForNext(slot);
      else if (!this.#ask(row, true)) break;
    }
    this.#start();
  }

  /** Writes every changed row to the journal. @throws CenterStoreError where one cannot be written; it stays changed. */
  flush(): void {
    this.settle();
    this.cache.flush((row, slot) => this.#add(slot, row, -1));
    this.#start();
    this.settle();
  }

  /** Waits for what is under way. @throws CenterStoreError what it met with. */
  settle(): void {
    let failure = this.#failure;
    this.#failure = undefined;
    if (this.#threads?.busy) {
      this.#threads.finish((...of) => {
        try {
          this.#settleRow(...of);
        } catch (error) {
          failure ??= error as Error;
        }
      });
    }
    if (failure) throw failure;
  }

  /** Waits for what is under way and forgets what was wanted, whatever happened to it. */
  abandon(): void {
    this.#wantNone();
    try {
      this.settle();
    } catch {
      // The rows are not used any more.
    }
  }

  close(): void {
    this.abandon();
    this.#threads?.close();
  }

  #wantNone(): void {
    this.#wanted = new Int32Array(0);
    this.#next = 0;
  }

  /** @returns Whether there is room. */
  #ask(row: number, forNext = false): boolean {
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

  #add(slot: number, leaving: number, coming: number): void {
    const { centers, journal } = this.files;
    this.#threads ??= new RowThreads(this.cache.records, this.threads);
    const from = coming < 0 ? undefined : journal.has(coming) ? journal : centers;
    const writePosition = leaving < 0 ? 0 : journal.positionFor(leaving);
    this.#threads.add(slot, leaving, writePosition, coming, from?.fd ?? -1, from?.positionOf(coming) ?? 0);
  }

  #start(): void {
    this.#threads?.start(this.files.journal.fd);
  }

  #settleRow(slot: number, leaving: number, coming: number, outcome: Outcome): void {
    if (typeof outcome === 'object') {
      this.cache.putBack(leaving, slot);
      throw writeError(this.files.journal.path, outcome);
    }
    try {
      this.accept(coming, slot, outcome);
    } catch (error) {
      this.cache.drop(slot);
      throw error;
    }
  }

  #grow(room: number): void {
    // They work on the memory that is left.
    this.#threads?.close();
    this.#threads = undefined;
    this.cache.grow(room);
  }
}

/** How much of the next turn's rows there is room for beside this one's. */
const AHEAD = 0.65;
/** Rows of room beside, as samples vary. */
const SLACK = 64;
