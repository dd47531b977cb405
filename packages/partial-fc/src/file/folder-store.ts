import type { Communicator } from '@unitsphere/collectives';
import type { StateDict } from '@unitsphere/core';
import { CenterStoreError } from '../errors.js';
import {
  centersFileCount,
  decodeFileStates,
  encodeFileState,
  type FileId,
  type FileState,
} from '../state/file-state.js';
import type { CenterStore, PrepareRows, RowBlock, StoreFactory, StoreSpec } from '../stores/center-store.js';
import { type CenterFiles, findCenterFiles, idKey, newCenterFile, removeCenterFile } from './center-files.js';
import { FileStore, type FileStoreOptions } from './file-store.js';
import { GenerationReader } from './generation-reader.js';
import { Records } from './record.js';

/** Options of {@link folderStore}. */
export interface FolderStoreOptions extends Omit<FileStoreOptions, 'overwrite'> {
  /** Ranks that share the classes. */
  communicator: Communicator;
  /**
   * Files of the checkpoint that will be restored: `centersFileIds` of its state, the same on all ranks. Without them the centers
   * are new.
   */
  files?: readonly FileId[];
}

/**
 * Returns a store that keeps the class centers of each rank in a file of a folder, see `fileStore`. The folder may be on a shared
 * file system, or on each host's own disk.
 *
 * A checkpoint can be restored by any number of ranks, on other hosts. If a rank's file is not where the rank is, or there are more
 * or fewer ranks than files, the rank reads its rows from the files of the checkpoint into a new one. Rows of a file on another host
 * are sent from there. The files of the checkpoint are not changed, and are deleted once a newer checkpoint is confirmed. So a crash
 * at any moment leaves a checkpoint that can be restored.
 * @throws CenterStoreError as `fileStore` does.
 */
export function folderStore(folder: string, options: FolderStoreOptions): StoreFactory {
  return (spec) => new FolderStore(spec, folder, options);
}

/** Words by which a rank describes its own file: whether it is new, its classes, and its random number. */
const OWN_WORDS = 5;
/** Words by which a rank describes a file of the checkpoint that it can read: whether it can, and its classes. */
const READABLE_WORDS = 3;

class FolderStore implements CenterStore {
  readonly restoresAllFiles = true;
  readonly #folder: string;
  readonly #communicator: Communicator;
  readonly #found: CenterFiles;
  readonly #store: FileStore;
  readonly #isNew: boolean;
  /** Files in use, by random number, once a checkpoint was restored and until the next one is written. */
  #inUse: Set<string> | undefined;

  constructor(
    readonly spec: StoreSpec,
    folder: string,
    { communicator, files = [], ...options }: FolderStoreOptions,
  ) {
    const { rank, size } = communicator;
    this.#folder = folder;
    this.#communicator = communicator;
    this.#found = findCenterFiles(folder);
    const { paths, unreadable } = this.#found;
    const own = files.length === size ? paths.get(idKey(files[rank])) : undefined;
    this.#isNew = own === undefined;
    // New centers overwrite everything.
    const saved = files.length > 0 ? [...files.map((id) => paths.get(idKey(id))), ...unreadable.keys()] : [];
    const taken = new Set(saved.filter((path) => path !== undefined));
    const path = own ?? newCenterFile(folder, rank, taken);
    this.#store = new FileStore(spec, path, { ...options, overwrite: this.#isNew });
  }

  gather(rows: Int32Array, prepare?: PrepareRows): Promise<RowBlock> {
    return this.#store.gather(rows, prepare);
  }

  prefetch(rows: Int32Array): void {
    this.#store.prefetch(rows);
  }

  readCenters(from: number, to: number): Promise<Float32Array> {
    return this.#store.readCenters(from, to);
  }

  save(): Promise<StateDict> {
    return this.#store.save();
  }

  async checkpointWritten(): Promise<void> {
    await this.#store.checkpointWritten();
    if (!this.#inUse) return;
    for (const [id, path] of findCenterFiles(this.#folder).paths) {
      if (!this.#inUse.has(id)) removeCenterFile(path);
    }
    this.#inUse = undefined;
  }

  async restore(saved: StateDict): Promise<void> {
    if (centersFileCount(saved) === undefined) return this.#store.restore(saved);
    const files = decodeFileStates(saved);
    const { firstClass, rows } = this.spec;
    const own = [Number(this.#isNew), firstClass, rows, ...this.#store.fileId];
    const all = this.#communicator.allGather(Int32Array.from(own));
    const ranks = groups(all, OWN_WORDS).map(([isNew, first, count, ...id]) => ({
      isNew: isNew === 1,
      first,
      end: first + count,
      id: idKey(id as unknown as FileId),
    }));
    if (!this.#isNew) {
      await this.#store.restore(encodeFileState(files[this.#communicator.rank]));
    }
    if (ranks.some(({ isNew }) => isNew)) this.#import(files, ranks);
    this.#inUse = new Set(ranks.map(({ id }) => id));
  }

  dispose(): void {
    this.#store.dispose();
  }

  /** Fills the new files of some ranks from the files of a checkpoint. */
  #import(
    files: readonly FileState[],
    ranks: readonly { isNew: boolean; first: number; end: number }[],
  ): void {
    const { rank } = this.#communicator;
    const readers: (GenerationReader | undefined)[] = [];
    try {
      const problems: string[] = [...this.#found.unreadable.values()];
      for (const file of files) readers.push(this.#open(file, problems));
      const words = readers.flatMap((reader) =>
        reader ? [1, reader.header.firstClass, reader.header.rows] : [0, 0, 0],
      );
      const readable = groups(this.#communicator.allGather(Int32Array.from(words)), words.length);
      if (this.#isNew) this.#store.beginImport();
      files.forEach((_, i) => {
        const of = readable.map((all) => all.slice(i * READABLE_WORDS, (i + 1) * READABLE_WORDS));
        const holder = of.findIndex(([canRead]) => canRead === 1);
        if (holder < 0) throw this.#missing(i, files.length, problems);
        const [, first, count] = of[holder];
        const isSeeking = (one: (typeof ranks)[number]) =>
          one.isNew && one.first < first + count && one.end > first;
        const reader = readers[i];
        if (reader && isSeeking(ranks[rank])) {
          for (const block of reader.rows(ranks[rank].first, ranks[rank].end)) this.#store.importRows(block);
        }
        const lacking = ranks.filter((one, at) => of[at][0] === 0 && isSeeking(one));
        if (lacking.length === 0) return;
        const from = Math.min(...lacking.map((one) => one.first));
        const to = Math.max(...lacking.map((one) => one.end));
        const isReceiving = !reader && isSeeking(ranks[rank]);
        this.#pass(holder, rank === holder ? reader?.rows(from, to) : undefined, isReceiving);
      });
      if (this.#isNew) this.#store.endImport();
    } finally {
      for (const reader of readers) reader?.close();
    }
  }

  /** Opens a file of a checkpoint if it is here. */
  #open(file: FileState, problems: string[]): GenerationReader | undefined {
    const path = this.#found.paths.get(idKey(file.fileId));
    if (path === undefined) return undefined;
    try {
      const reader = GenerationReader.open(path, file);
      this.#checkLayout(reader);
      return reader;
    } catch (error) {
      if (!(error instanceof CenterStoreError)) throw error;
      problems.push(error.message);
      return undefined;
    }
  }

  #checkLayout(reader: GenerationReader): void {
    const { path, layout } = reader;
    const describe = ({ dimensions, tables }: GenerationReader['layout']) =>
      `${dimensions} dimensions, ${tables.join(', ')}`;
    const [found, wanted] = [describe(layout), describe(this.#store.layout)];
    if (found !== wanted) {
      reader.close();
      throw new CenterStoreError(`${path} holds ${found}, but this run needs ${wanted}.`);
    }
  }

  /** Sends rows from the rank that can read them to all others. Only rank `from` passes blocks. */
  #pass(from: number, blocks: ReturnType<GenerationReader['rows']> | undefined, isReceiving: boolean): void {
    const { layout } = this.#store;
    const count = new Int32Array(1);
    if (blocks) {
      for (const { classes, records } of blocks) {
        count[0] = classes.length;
        this.#communicator.broadcast(count, from);
        this.#communicator.broadcast(classes, from);
        this.#communicator.broadcast(records.bytes.subarray(0, classes.length * layout.bytes), from);
      }
      count[0] = 0;
      this.#communicator.broadcast(count, from);
      return;
    }
    for (;;) {
      this.#communicator.broadcast(count, from);
      if (count[0] === 0) return;
      const block = { classes: new Int32Array(count[0]), records: new Records(layout, count[0]) };
      this.#communicator.broadcast(block.classes, from);
      this.#communicator.broadcast(block.records.bytes, from);
      if (isReceiving) this.#store.importRows(block);
    }
  }

  #missing(file: number, files: number, problems: readonly string[]): CenterStoreError {
    const details = problems.length > 0 ? ` ${problems.join(' ')}` : '';
    return new CenterStoreError(
      `file ${file + 1} of the ${files} with the checkpoint's class centers is not in ${this.#folder} on any host.${details} ` +
        'Copy it there from the host that wrote it, or start a process on that host.',
    );
  }
}

/** Divides numbers into groups of equal length. */
function groups(values: Int32Array, length: number): number[][] {
  return Array.from({ length: values.length / length }, (_, i) => [
    ...values.subarray(i * length, (i + 1) * length),
  ]);
}
