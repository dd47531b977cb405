import { open, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  acquireLock,
  describeHolder,
  type FileLock,
  LockHeldError,
  LockUnsupportedError,
  removeAbandoned,
} from '@unitsphere/core/disk';
import { CallQueue } from '../call-queue.js';
import { checkHeader } from '../check-records.js';
import { checkSameHeader } from '../check-same-header.js';
import { GalleryStoreError } from '../errors.js';
import { type LoadedGallery, loadGallery, readEmbeddings } from '../format/load-gallery.js';
import type {
  GalleryChange,
  GalleryHeader,
  GallerySnapshot,
  GalleryStore,
  WriteResult,
} from '../gallery-store.js';
import { toReadError, toWriteError } from './disk-error.js';
import { fileSource } from './file-source.js';
import { GalleryFile } from './gallery-file.js';

/** Options of {@link openFileStore}. */
export interface FileStoreOptions {
  /** What the gallery must be made for. If the file does not exist, it is created with this header. Default: any, and no creation. */
  header?: GalleryHeader;
  /** Whether to open the file only for reading, also while another process writes it. Default false. */
  readOnly?: boolean;
}

/**
 * Opens a gallery in a file, which Python's safetensors reads (see the README's section on the file).
 *
 * A transaction is on the disk before it is acknowledged: neither the end of the process at any moment nor a loss of power
 * undoes it, and what was not acknowledged is absent after the next opening. Appending does not rewrite the file, except when
 * its reserved room is used up after it has grown by half. `compact` rewrites it under a temporary name and renames it.
 *
 * One process writes at a time: the kernel holds a lock on `path.lock`, which is deleted with `close`. Any number of stores
 * may read meanwhile; each `read` returns the last acknowledged state.
 *
 * @param path File to open, in an existing folder.
 * @throws GalleryStoreError with code `LOCKED` if another store writes the file, `WRONG_EMBEDDER` if it is made for another
 *   header, `NOT_FOUND`, `NOT_A_GALLERY`, `UNSUPPORTED_VERSION`, `DAMAGED`, `READ_ONLY`, `DISK_FULL` or `UNAVAILABLE`.
 */
export async function openFileStore(
  path: string,
  { header, readOnly = false }: FileStoreOptions = {},
): Promise<GalleryStore> {
  if (header) checkHeader(header);
  const store = readOnly ? await openReader(path) : await openWriter(path, header);
  try {
    if (header) checkSameHeader(path, store.header, header);
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

async function openReader(path: string): Promise<GalleryStore> {
  const store = new ReadOnlyFileStore(path);
  await store.revision();
  return store;
}

async function openWriter(path: string, header: GalleryHeader | undefined): Promise<GalleryStore> {
  let lock: FileLock | undefined;
  try {
    // A link leads to the file, so that the lock and the renaming are those of the file.
    const target = await realpath(path).catch(async () =>
      join(await realpath(dirname(path)), basename(path)),
    );
    const isThere = await stat(target).then(
      (stats) => stats,
      () => undefined,
    );
    if (!isThere && !header) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
    lock = acquireFileLock(path, `${target}.lock`);
    removeAbandoned(target);
    if (header && !(await stat(target).catch(() => undefined))) await GalleryFile.create(target, header);
    return new FileStore(path, await GalleryFile.open(target), lock);
  } catch (error) {
    lock?.release();
    throw toWriteError(path, error);
  }
}

function acquireFileLock(path: string, lockPath: string): FileLock {
  try {
    return acquireLock(lockPath);
  } catch (error) {
    if (error instanceof LockHeldError) {
      throw new GalleryStoreError(
        'LOCKED',
        `${path} is being written by ${describeHolder(error.holder)}. Close it there, or open it here with readOnly: true.`,
        { cause: error },
      );
    }
    if (error instanceof LockUnsupportedError) {
      throw new GalleryStoreError('UNAVAILABLE', error.message, { cause: error });
    }
    throw error;
  }
}

class FileStore implements GalleryStore {
  readonly isReadOnly = false;
  readonly header: GalleryHeader;
  readonly #path: string;
  readonly #file: GalleryFile;
  readonly #lock: FileLock;
  readonly #queue = new CallQueue();

  constructor(path: string, file: GalleryFile, lock: FileLock) {
    this.#path = path;
    this.#file = file;
    this.#lock = lock;
    this.header = file.header;
  }

  async read(): Promise<GallerySnapshot> {
    return this.#queue.run(async () => {
      try {
        return this.#file.state.snapshot(this.header, await this.#file.readEmbeddings());
      } catch (error) {
        throw toReadError(this.#path, error);
      }
    });
  }

  async revision(): Promise<number> {
    return this.#queue.run(() => this.#file.state.revision);
  }

  async write(changes: readonly GalleryChange[]): Promise<WriteResult> {
    return this.#queue.run(async () => {
      const planned = this.#file.state.plan(changes, this.header.embeddingSize);
      await this.#onDisk(() => this.#file.append(planned));
      return planned.result;
    });
  }

  async compact(): Promise<void> {
    return this.#queue.run(() => this.#onDisk(() => this.#file.rewrite()));
  }

  async close(): Promise<void> {
    return this.#queue.close(async () => {
      try {
        await this.#onDisk(() => this.#file.close());
      } finally {
        this.#lock.release();
      }
    });
  }

  async #onDisk(fn: () => Promise<void>): Promise<void> {
    try {
      await fn();
    } catch (error) {
      throw toWriteError(this.#path, error);
    }
  }
}

/** How often a reader tries again, and how long it waits, when a writer changes the file while it is being read. */
const ATTEMPTS = 5;
const WAIT_MS = 20;

class ReadOnlyFileStore implements GalleryStore {
  readonly isReadOnly = true;
  readonly #path: string;
  readonly #queue = new CallQueue();
  #header: GalleryHeader | undefined;
  #known: { stamp: string; revision: number } | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  get header(): GalleryHeader {
    if (!this.#header) throw new Error('the store is not open yet');
    return this.#header;
  }

  async read(): Promise<GallerySnapshot> {
    return this.#queue.run(() =>
      this.#load(async (loaded, source) =>
        loaded.state.snapshot(this.header, await readEmbeddings(source, loaded)),
      ),
    );
  }

  async revision(): Promise<number> {
    return this.#queue.run(async () => {
      const stamp = await this.#stamp();
      if (this.#known?.stamp === stamp) return this.#known.revision;
      const revision = await this.#load(async ({ state }) => state.revision);
      this.#known = { stamp, revision };
      return revision;
    });
  }

  write(): Promise<WriteResult> {
    return this.#refuse();
  }

  compact(): Promise<void> {
    return this.#refuse();
  }

  async close(): Promise<void> {
    return this.#queue.close(() => {});
  }

  /** Loads the file, again if a writer erased or replaced what was being read. */
  async #load<T>(
    use: (loaded: LoadedGallery, source: Awaited<ReturnType<typeof fileSource>>) => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        const file = await open(this.#path, 'r');
        try {
          const source = await fileSource(this.#path, file);
          const loaded = await loadGallery(source);
          const { embeddingSize, embedder } = loaded.layout;
          const header = { embeddingSize, embedder };
          if (this.#header) checkSameHeader(this.#path, header, this.#header);
          this.#header = header;
          return await use(loaded, source);
        } finally {
          await file.close();
        }
      } catch (error) {
        const isDamaged = error instanceof GalleryStoreError && error.code === 'DAMAGED';
        if (!isDamaged || attempt === ATTEMPTS) throw toReadError(this.#path, error);
        await sleep(WAIT_MS);
      }
    }
  }

  /** Returns a text that changes whenever the file does. */
  async #stamp(): Promise<string> {
    try {
      const { ino, size, mtimeNs } = await stat(this.#path, { bigint: true });
      return `${ino} ${size} ${mtimeNs}`;
    } catch (error) {
      throw toReadError(this.#path, error);
    }
  }

  #refuse(): Promise<never> {
    return this.#queue.run(() => {
      throw new GalleryStoreError(
        'READ_ONLY',
        `${this.#path} was opened with readOnly: true. Open it without to change the gallery.`,
      );
    });
  }
}
