import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { StateDict } from '@unitsphere/core';
import { lowerBound } from '../classes/lower-bound.js';
import { CenterStoreError } from '../errors.js';
import { centersFileCount, decodeFileState, encodeFileState, type FileId } from '../state/file-state.js';
import type { CenterStore, PrepareRows, RowBlock, StoreFactory, StoreSpec } from '../stores/center-store.js';
import { tableNames } from '../stores/memory-tables.js';
import { stageRows } from '../stores/staged-block.js';
import { StoreGuard } from '../stores/store-guard.js';
import { CachedRows } from './cached-rows.js';
import { CenterFile } from './center-file.js';
import { removeCenterFile } from './center-files.js';
import { missingGeneration, type WrittenRows } from './generation-reader.js';
import { type Generation, Journal } from './journal.js';
import { RecordLayout } from './record.js';
import { StoredRows } from './stored-rows.js';

/** Options of {@link fileStore}. */
export interface FileStoreOptions {
  /**
   * Memory for rows in use, in bytes. With threads it grows to the rows of one step and half of the next step's. Default
   * 64 MiB.
   */
  cacheBytes?: number;
  /**
   * Number of threads that write the last step's rows and read the next step's while this one computes. With 0, rows are
   * transferred on demand and the cache never grows. More threads read faster from a disk that serves many requests at
   * once, but take processor time from the computation. Default 2.
   */
  ioThreads?: number;
  /** Whether to delete an existing file and its journal first. Default false. */
  overwrite?: boolean;
}

/**
 * Returns a store that keeps the class centers and their optimizer's state in a file, which may be larger than memory. Only
 * sampled rows are read. A cache keeps rows in use; its size depends on the sample, not on the number of classes. The store
 * needs 8 more bytes of memory per class.
 *
 * The file is not written between checkpoints. Changed rows go to a journal beside it (`path.journal`), which grows to at
 * most twice the size of its rows. `save` seals the journal as a generation, whose number is part of the checkpoint.
 * `checkpointWritten` moves the sealed rows to the file.
 *
 * Each of these steps is on disk before the next begins. Records and indices have CRCs, and an interrupted move is repeated
 * when the file is next opened. After a crash at any moment, the file therefore holds the centers of the loaded checkpoint,
 * and no row is torn. A file that holds the generation of a checkpoint refuses its rows until that checkpoint's state is
 * loaded.
 *
 * Rows take space on disk from their first update. Until then they are computed from the seed.
 * @param path File to open or create, one per rank.
 * @throws CenterStoreError if the file is not a class-center file, or has another version, shape or size.
 */
export function fileStore(path: string, options: FileStoreOptions = {}): StoreFactory {
  return (spec) => new FileStore(spec, path, options);
}

/** The store of {@link fileStore}. */
export class FileStore implements CenterStore {
  readonly #file: CenterFile;
  readonly #journal: Journal;
  readonly #rows: CachedRows;
  readonly #guard = new StoreGuard();
  /** Whether rows may have changed since the file was created. */
  #isUsed = false;
  #isDisposed = false;

  constructor(
    readonly spec: StoreSpec,
    path: string,
    { cacheBytes = 64 * 2 ** 20, ioThreads = 2, overwrite = false }: FileStoreOptions,
  ) {
    if (!(Number.isFinite(cacheBytes) && cacheBytes > 0)) {
      throw new RangeError(`fileStore: cacheBytes must be finite and above 0, but it is ${cacheBytes}.`);
    }
    if (!Number.isInteger(ioThreads) || ioThreads < 0 || ioThreads > 64) {
      throw new RangeError(`fileStore: ioThreads must be an integer from 0 to 64, but it is ${ioThreads}.`);
    }
    mkdirSync(dirname(path), { recursive: true });
    if (overwrite) removeCenterFile(path);
    if (existsSync(`${path}.journal`) && !existsSync(path)) {
      throw new CenterStoreError(
        `${path} is missing, but its journal exists. Restore the file, or set overwrite to start again.`,
      );
    }
    this.#file = new CenterFile(path, new RecordLayout(tableNames(spec), spec.dimensions), spec);
    try {
      this.#journal = new Journal(this.#file);
    } catch (error) {
      this.#file.close();
      throw error;
    }
    try {
      const stored = new StoredRows(spec, this.#file, this.#journal);
      this.#rows = new CachedRows(stored, this.#guard, { cacheBytes, ioThreads });
    } catch (error) {
      this.#journal.close();
      this.#file.close();
      throw error;
    }
    try {
      this.#journal.finishMerge();
      const generations = this.#journal.generations();
      if (generations.every(({ generation }) => generation === 0)) this.#journal.goTo(0);
      else {
        this.#guard.block(
          `${path} holds the centers of a checkpoint (generation ${numbersOf(generations)}). ` +
            'Load its state with loadStateDict(), or set overwrite to start again.',
        );
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  async gather(rows: Int32Array, prepare?: PrepareRows): Promise<RowBlock> {
    this.#guard.check();
    this.#isUsed = true;
    return stageRows(this.spec, this.#rows.beginStep(rows), prepare);
  }

  prefetch(rows: Int32Array): void {
    if (!this.#guard.isBlocked) this.#rows.prefetch(rows);
  }

  async readCenters(from: number, to: number): Promise<Float32Array> {
    this.#guard.check();
    return this.#rows.readCenters(from, to);
  }

  async save(): Promise<StateDict> {
    this.#guard.check();
    this.#rows.flush();
    const { generation, sealId } = this.#journal.seal();
    return encodeFileState({ generation: [generation, sealId], fileId: this.#file.header.fileId });
  }

  async checkpointWritten(): Promise<void> {
    this.#guard.check();
    this.#rows.settle();
    this.#journal.merge();
  }

  async restore(saved: StateDict): Promise<void> {
    const files = centersFileCount(saved);
    const state = files === 1 ? decodeFileState(saved) : undefined;
    if (!state) {
      throw new CenterStoreError(
        files
          ? `the saved state holds the generations of ${files} files. Load the state of one rank, see centersFileState.`
          : 'the saved state holds centers, not the generation of a file. Load it into a store in memory.',
      );
    }
    const { header, path } = this.#file;
    if (state.fileId.join() !== header.fileId.join()) {
      throw new CenterStoreError(
        `the saved state belongs to another file of centers than ${path}. Use the file of its run.`,
      );
    }
    const [wanted, sealId] = state.generation;
    const found = this.#journal.generations();
    if (!found.some((one) => one.generation === wanted && one.sealId === sealId)) {
      throw missingGeneration(path, numbersOf(found), wanted);
    }
    this.#isUsed = true;
    this.#rows.abandon();
    this.#journal.goTo(wanted);
    this.#rows.clear();
    this.#guard.unblock();
  }

  /** Random number of the file. */
  get fileId(): FileId {
    return this.#file.header.fileId;
  }

  /** Layout of the file's records. */
  get layout(): RecordLayout {
    return this.#file.layout;
  }

  /**
   * Begins to fill a new file with rows of other files. It refuses its rows until `endImport`.
   * @throws CenterStoreError if the file is not new.
   */
  beginImport(): void {
    if (this.#isUsed || this.#file.header.generation !== 0) {
      throw new CenterStoreError(
        `${this.#file.path} is in use, so it cannot take the rows of other files. Create a new store.`,
      );
    }
    this.#guard.block(`${this.#file.path} holds a part of its rows only. Resume from the checkpoint again.`);
  }

  /** Writes those of the rows that are in this file. Changes their records. */
  importRows({ classes, records }: WrittenRows): void {
    const { firstClass, rows } = this.spec;
    const end = lowerBound(classes, firstClass + rows);
    for (let from = lowerBound(classes, firstClass); from < end; ) {
      let to = from;
      // Consecutive rows are one write.
      do records.seal(to, classes[to] - firstClass);
      while (++to < end && classes[to] === classes[to - 1] + 1);
      const { bytes } = this.layout;
      this.#file.write(classes[from] - firstClass, records.bytes.subarray(from * bytes, to * bytes));
      from = to;
    }
  }

  /** Ends an import. The rows are on disk on return. */
  endImport(): void {
    this.#file.sync();
    this.#isUsed = true;
    this.#guard.unblock();
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#guard.block('this store is disposed.');
    this.#rows.close();
    this.#file.close();
    this.#journal.close();
  }
}

/** Returns the numbers of generations for an error message. */
const numbersOf = (generations: readonly Generation[]) =>
  generations.map(({ generation }) => generation).join(' or ');
