import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { StateDict } from '@unitsphere/core';
import type { CenterStore, PrepareRows, RowBlock, StoreFactory, StoreSpec } from '../center-store.js';
import { CenterStoreError } from '../errors.js';
import { tableNames } from '../memory-tables.js';
import { type RowAccess, stageRows } from '../staged-block.js';
import { CenterFile } from './center-file.js';
import { type Generation, Journal } from './journal.js';
import { indexFiles } from './journal-index.js';
import { RecordLayout, Records } from './record.js';
import { RowCache } from './row-cache.js';
import { RowTransfer } from './row-transfer.js';

/** How a store in a file is made. */
export interface FileStoreOptions {
  /**
   * Memory for rows that are in use, in bytes. With threads it grows to what a step's rows and more than half of the next
   * one's take. Default 64 MiB.
   */
  cacheBytes?: number;
  /**
   * Threads that write the last step's rows and read the next one's while this one computes; 0 for none: then rows are
   * moved when they are asked for, and the cache never grows. Default 2: more read sooner from a disk that answers many at once,
   * and take the processor from what computes.
   */
  ioThreads?: number;
  /** Begin anew: drop the file and the journal that are there. Default false. */
  overwrite?: boolean;
}

/**
 * Class centers and their optimizer's state in a file, which may be larger than memory: only sampled rows are read, and
 * those in use are kept in a cache, whose size goes by the sample and not by the classes. Beside it memory takes 8 bytes a class.
 *
 * Between checkpoints the file is not written: changed rows go to a journal beside it (`path.journal`), which grows
 * to at most twice the room of the rows that it keeps. save() seals the journal as a generation, whose number the
 * checkpoint holds; checkpointWritten() moves the sealed rows to the file.
 * Every step of this is on the disk before the next begins, records and indices carry CRCs, and a move that was cut
 * short is done again when the file is next opened. So after a crash at any moment the file gives the centers of the
 * checkpoint that is loaded, and a row is old or new, never torn. A file that holds the generation of a checkpoint gives
 * no rows until that checkpoint's state is loaded.
 *
 * Rows take room on the disk once they were updated; until then they are made from the seed.
 * @param path The file; made where there is none. One a rank.
 * @throws CenterStoreError where the file is none of class centers, or of another version, shape or size.
 */
export function fileStore(path: string, options: FileStoreOptions = {}): StoreFactory {
  return (spec) => new FileStore(spec, path, options);
}

class FileStore implements CenterStore {
  readonly #layout: RecordLayout;
  readonly #file: CenterFile;
  readonly #journal: Journal;
  readonly #cache: RowCache;
  /** Absent without threads. */
  readonly #transfer: RowTransfer | undefined;
  /** Why the rows cannot be used, until a state is restored. */
  #unusable: string | undefined;

  constructor(
    readonly spec: StoreSpec,
    path: string,
    { cacheBytes = 64 * 2 ** 20, ioThreads = 2, overwrite = false }: FileStoreOptions,
  ) {
    if (!(Number.isFinite(cacheBytes) && cacheBytes > 0)) {
      throw new RangeError(`fileStore: cacheBytes must be a finite number above 0, but it is ${cacheBytes}.`);
    }
    if (!Number.isInteger(ioThreads) || ioThreads < 0 || ioThreads > 64) {
      throw new RangeError(`fileStore: ioThreads must be an integer from 0 to 64, but it is ${ioThreads}.`);
    }
    mkdirSync(dirname(path), { recursive: true });
    if (overwrite) removeFiles(path);
    if (existsSync(`${path}.journal`) && !existsSync(path)) {
      throw new CenterStoreError(
        `${path} is missing, but its journal is there. Restore the file, or set overwrite to begin anew.`,
      );
    }
    this.#layout = new RecordLayout(tableNames(spec), spec.dimensions);
    this.#file = new CenterFile(path, this.#layout, spec);
    this.#journal = new Journal(this.#file);
    const rows = Math.floor(cacheBytes / this.#layout.bytes);
    this.#cache = new RowCache(this.#layout, spec.rows, rows, ioThreads > 0);
    if (ioThreads > 0) {
      const files = { centers: this.#file, journal: this.#journal };
      this.#transfer = new RowTransfer(this.#cache, files, ioThreads, (row, slot, found) => {
        if (found === 'absent') this.#read(row, this.#cache.records, slot);
        else this.#check(row, this.#cache.records, slot);
      });
    }
    try {
      this.#journal.finishMerge();
      const generations = this.#journal.generations();
      if (generations.at(-1)!.generation === 0) this.#journal.goTo(0);
      else {
        this.#unusable =
          `${path} holds the centers of a checkpoint (generation ${numbers(generations)}). ` +
          'Load its state with loadStateDict(), or set overwrite to begin anew.';
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  async gather(rows: Int32Array, prepare?: PrepareRows): Promise<RowBlock> {
    this.#usable();
    this.#transfer?.bring(rows);
    return stageRows(this.spec, this.#accessTo(rows), prepare);
  }

  prefetch(rows: Int32Array): void {
    if (!this.#unusable) this.#transfer?.ahead(rows);
  }

  async readCenters(from: number, to: number): Promise<Float32Array> {
    this.#usable();
    this.#transfer?.settle();
    const { dimensions } = this.spec;
    const centers = new Float32Array((to - from) * dimensions);
    const one = new Records(this.#layout, 1);
    for (let row = from; row < to; row++) {
      // Past the cache: reading all rows must not drive out those in use.
      const slot = this.#cache.find(row);
      if (slot < 0) this.#read(row, one, 0);
      centers.set(slot < 0 ? one.rowOf(0, 0) : this.#cache.records.rowOf(slot, 0), (row - from) * dimensions);
    }
    return centers;
  }

  async save(): Promise<StateDict> {
    this.#usable();
    if (this.#transfer) this.#transfer.flush();
    else this.#cache.flush(this.#writeBack);
    const { generation, sealId } = this.#journal.seal();
    return new Map([
      ['generation', { dtype: 'I32', shape: [2], data: Int32Array.of(generation, sealId) }],
      ['file_id', { dtype: 'I32', shape: [2], data: Int32Array.from(this.#file.header.fileId) }],
    ]);
  }

  async checkpointWritten(): Promise<void> {
    this.#usable();
    this.#transfer?.settle();
    this.#journal.merge();
  }

  async restore(saved: StateDict): Promise<void> {
    const [generation, fileId] = [saved.get('generation'), saved.get('file_id')];
    if (generation?.data.length !== 2 || fileId?.data.length !== 2) {
      throw new CenterStoreError(
        'the saved state holds centers and not the generation of a file; load it into a store in memory.',
      );
    }
    const { header, path } = this.#file;
    if (fileId.data[0] !== header.fileId[0] || fileId.data[1] !== header.fileId[1]) {
      throw new CenterStoreError(`the saved state belongs to another file of centers than ${path}.`);
    }
    const [wanted, sealId] = generation.data as Int32Array;
    const there = this.#journal.generations();
    if (!there.some((one) => one.generation === wanted && one.sealId === sealId)) {
      throw new CenterStoreError(
        `${path} holds generation ${numbers(there)}, and not the checkpoint's ${wanted}: other training wrote over it. ` +
          'Resume from the last checkpoint, or restore a copy of the file that is as old as this one.',
      );
    }
    this.#transfer?.abandon();
    this.#journal.goTo(wanted);
    this.#cache.clear();
    this.#unusable = undefined;
  }

  dispose(): void {
    if (this.#unusable === DISPOSED) return;
    this.#unusable = DISPOSED;
    this.#transfer?.close();
    this.#cache.close();
    this.#file.close();
    this.#journal.close();
  }

  #usable(): void {
    if (this.#unusable) throw new CenterStoreError(this.#unusable);
  }

  /** The place of a row in the cache. */
  #load(row: number): number {
    const there = this.#cache.find(row);
    if (there >= 0) {
      this.#cache.markUsed(there);
      return there;
    }
    const slot = this.#claim(row);
    try {
      this.#read(row, this.#cache.records, slot);
    } catch (error) {
      this.#cache.drop(slot);
      throw error;
    }
    return slot;
  }

  #claim(row: number): number {
    // No thread may be at work on the row, nor on one that makes room.
    this.#transfer?.settle();
    const slot = this.#cache.claim(row, this.#writeBack);
    if (slot < 0) throw new Error('fileStore: every row of the cache is held.');
    return slot;
  }

  /** Keeps a changed row that makes room, where no thread does. */
  readonly #writeBack = (row: number, slot: number): void => {
    this.#cache.records.seal(slot, row);
    this.#journal.write(row, this.#cache.records.bytesOf(slot));
  };

  #read(row: number, records: Records, i: number): void {
    if (this.#journal.has(row)) this.#journal.read(row, records, i);
    else this.#file.read(row, records, i);
    this.#check(row, records, i);
  }

  /** Looks at a record that was read as a row's; one never written becomes what the row is at first. */
  #check(row: number, records: Records, i: number): void {
    const inJournal = this.#journal.has(row);
    const state = records.check(i, row);
    if (state === 'damaged' || (inJournal && state === 'unwritten')) {
      const path = inJournal ? this.#journal.path : this.#file.path;
      throw new CenterStoreError(
        `${path}: the record of class ${this.spec.firstClass + row} is damaged (its checksum is wrong). Restore the file from a copy.`,
      );
    }
    if (state === 'unwritten') this.spec.initialRow(this.spec.firstClass + row, records.rowOf(i, 0));
  }

  #accessTo(rows: Int32Array): RowAccess {
    const { dimensions } = this.spec;
    // It is another after rows were brought in.
    const { records } = this.#cache;
    const counts = new Int32Array(rows.length);
    const lastSteps = new Int32Array(rows.length);
    return {
      count: rows.length,
      read: (from, to, values) => {
        for (let i = from; i < to; i++) {
          const slot = this.#load(rows[i]);
          for (let table = 0; table < values.length; table++) {
            values[table].set(records.rowOf(slot, table), (i - from) * dimensions);
          }
          counts[i] = records.count(slot);
          lastSteps[i] = records.lastStep(slot);
        }
      },
      steps: (i) => ({ count: counts[i], lastStep: lastSteps[i] }),
      inPlace: () => {
        const { memory, layout } = records;
        // Their kernels compute what WebAssembly's do. Without threads no row is held.
        if (!memory || !this.#transfer || tf.getBackend() !== 'wasm') return undefined;
        const begins = new Uint32Array(rows.length);
        for (let i = 0; i < rows.length; i++) {
          const slot = this.#cache.find(rows[i]);
          if (slot < 0) throw new Error(`fileStore: row ${rows[i]} was brought in and is not there.`);
          begins[i] = slot * layout.bytes;
          counts[i] = records.count(slot);
          lastSteps[i] = records.lastStep(slot);
        }
        const columns = new Map(layout.tables.map((name, table) => [name, 4 * table * dimensions]));
        return { memory, begins, columns };
      },
      write: (from, to, values, steps) => {
        this.#usable();
        for (let i = from; i < to; i++) {
          let slot = this.#cache.find(rows[i]);
          // All of the record is written below.
          if (slot < 0) slot = this.#claim(rows[i]);
          values.forEach((of, table) => {
            records.rowOf(slot, table).set(of.subarray((i - from) * dimensions, (i - from + 1) * dimensions));
          });
          const { count, lastStep } = steps(i);
          records.setSteps(slot, count, lastStep);
          this.#cache.markDirty(slot);
        }
      },
      release: (from, to) => {
        // Without threads no row is held.
        if (!this.#transfer) return;
        for (let i = from; i < to; i++) this.#cache.release(this.#cache.find(rows[i]));
        this.#transfer.goOn();
      },
      torn: (why) => {
        this.#unusable = why;
      },
    };
  }
}

const numbers = (generations: readonly Generation[]) =>
  generations.map(({ generation }) => generation).join(' or ');

function removeFiles(path: string): void {
  for (const index of indexFiles(`${path}.journal`)) rmSync(index.path);
  rmSync(`${path}.journal`, { force: true });
  rmSync(path, { force: true });
}

const DISPOSED = 'this store is disposed.';
