import * as tf from '@tensorflow/tfjs-core';
import type { RowsInPlace } from '../stores/center-store.js';
import type { RowAccess } from '../stores/staged-block.js';
import type { StoreGuard } from '../stores/store-guard.js';
import { Records } from './record.js';
import { RowCache } from './row-cache.js';
import { RowTransfer } from './row-transfer.js';
import type { StoredRows } from './stored-rows.js';

/** Rows on disk, accessed through a cache in memory. With threads, rows are read ahead and written back on them. */
export class CachedRows {
  readonly #stored: StoredRows;
  readonly #cache: RowCache;
  /** undefined without threads. */
  readonly #transfer: RowTransfer | undefined;
  readonly #guard: StoreGuard;

  constructor(
    stored: StoredRows,
    guard: StoreGuard,
    { cacheBytes, ioThreads }: { cacheBytes: number; ioThreads: number },
  ) {
    this.#stored = stored;
    this.#guard = guard;
    const { layout } = stored.centers;
    const capacity = Math.floor(cacheBytes / layout.bytes);
    this.#cache = new RowCache(layout, stored.spec.rows, capacity, ioThreads > 0);
    if (ioThreads > 0) this.#transfer = new RowTransfer(this.#cache, stored, ioThreads);
  }

  /** Returns access to the rows of a step, which begins with it. */
  beginStep(rows: Int32Array): RowAccess {
    this.#transfer?.load(rows);
    return this.#accessTo(rows);
  }

  /** Begins to load the next step's rows. Does nothing without threads. */
  prefetch(rows: Int32Array): void {
    this.#transfer?.prefetch(rows);
  }

  /** Returns the centers of rows from … to − 1, float32 [to − from, dimensions]. */
  readCenters(from: number, to: number): Float32Array {
    this.settle();
    const { spec, centers: file } = this.#stored;
    const { dimensions } = spec;
    const centers = new Float32Array((to - from) * dimensions);
    const single = new Records(file.layout, 1);
    for (let row = from; row < to; row++) {
      // Bypasses the cache: reading all rows must not evict those in use.
      const slot = this.#cache.find(row);
      if (slot < 0) this.#stored.read(row, single, 0);
      const values = slot < 0 ? single.rowOf(0, 0) : this.#cache.records.rowOf(slot, 0);
      centers.set(values, (row - from) * dimensions);
    }
    return centers;
  }

  /** Writes all changed rows to the journal. */
  flush(): void {
    if (this.#transfer) this.#transfer.flush();
    else this.#cache.flush(this.#writeBack);
  }

  /** Waits until no thread works on the files. */
  settle(): void {
    this.#transfer?.settle();
  }

  /** Like `settle`, and ignores errors and rows that are still to be loaded. */
  abandon(): void {
    this.#transfer?.abandon();
  }

  /** Drops all rows from the cache, with their changes. */
  clear(): void {
    this.#cache.clear();
  }

  /** Ends the threads and releases the memory. */
  close(): void {
    this.#transfer?.close();
    this.#cache.close();
  }

  /** Returns the slot of a row in the cache, which is loaded if necessary. */
  #load(row: number): number {
    const found = this.#cache.find(row);
    if (found >= 0) {
      this.#cache.markUsed(found);
      return found;
    }
    const slot = this.#claim(row);
    try {
      this.#stored.read(row, this.#cache.records, slot);
    } catch (error) {
      this.#cache.drop(slot);
      throw error;
    }
    return slot;
  }

  /** Returns a slot for a row that is not in the cache. */
  #claim(row: number): number {
    // No thread may work on this row or on the evicted one.
    this.settle();
    const slot = this.#cache.claim(row, this.#writeBack);
    if (slot < 0) throw new Error('fileStore: internal error, every row of the cache is held.');
    return slot;
  }

  /** Writes an evicted row to the journal on this thread. */
  readonly #writeBack = (row: number, slot: number): void => {
    this.#stored.write(row, this.#cache.records, slot);
  };

  #accessTo(rows: Int32Array): RowAccess {
    const { dimensions } = this.#stored.spec;
    // Taken after the rows were loaded, because loading may grow the cache into new memory.
    const { records } = this.#cache;
    const counts = new Int32Array(rows.length);
    const lastSteps = new Int32Array(rows.length);
    const readSteps = (i: number, slot: number) => {
      counts[i] = records.count(slot);
      lastSteps[i] = records.lastStep(slot);
    };
    return {
      count: rows.length,
      read: (from, to, values) => {
        for (let i = from; i < to; i++) {
          const slot = this.#load(rows[i]);
          for (let table = 0; table < values.length; table++) {
            values[table].set(records.rowOf(slot, table), (i - from) * dimensions);
          }
          readSteps(i, slot);
        }
      },
      steps: (i) => ({ count: counts[i], lastStep: lastSteps[i] }),
      inPlace: () => this.#inPlace(rows, readSteps),
      write: (from, to, values, steps) => {
        this.#guard.check();
        for (let i = from; i < to; i++) {
          let slot = this.#cache.find(rows[i]);
          // The record need not be read, because all of it is written below.
          if (slot < 0) slot = this.#claim(rows[i]);
          for (let table = 0; table < values.length; table++) {
            const row = values[table].subarray((i - from) * dimensions, (i - from + 1) * dimensions);
            records.rowOf(slot, table).set(row);
          }
          const { count, lastStep } = steps(i);
          records.setSteps(slot, count, lastStep);
          this.#cache.markDirty(slot);
        }
      },
      release: (from, to) => {
        if (!this.#transfer) return;
        for (let i = from; i < to; i++) this.#cache.release(this.#cache.find(rows[i]));
        this.#transfer.advance();
      },
      block: (reason) => this.#guard.block(reason),
    };
  }

  /** Returns the rows where the cache has them, if the kernels there match the backend and the rows cannot be evicted. */
  #inPlace(rows: Int32Array, readSteps: (i: number, slot: number) => void): RowsInPlace | undefined {
    const { memory, layout } = this.#cache.records;
    // The kernels are bit-identical to those of the WebAssembly backend. Only a transfer holds rows in the cache.
    if (!memory || !this.#transfer || tf.getBackend() !== 'wasm') return undefined;
    const begins = new Uint32Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      const slot = this.#cache.find(rows[i]);
      if (slot < 0) throw new Error(`fileStore: internal error, row ${rows[i]} is not in the cache.`);
      begins[i] = slot * layout.bytes;
      readSteps(i, slot);
    }
    const columns = new Map(layout.tables.map((name, table) => [name, 4 * table * layout.dimensions]));
    return { memory, begins, columns };
  }
}
