import {
  acquireLock,
  builtinModule,
  type FileLock,
  LockHeldError,
  LockUnsupportedError,
  writeFileAtomic,
} from '@unitsphere/core/disk';

/** Beginning of a file that an earlier process downloaded. */
export interface ReceivedPart {
  etag: string;
  /** Size of the whole file, if known. */
  total?: number;
  bytes: Uint8Array;
}

/** Storage for the beginning of a download, so that a later process can resume it. */
export interface PartialFile {
  /** Returns what an earlier download of the same URL left, and continues it; undefined if there is none. */
  read(): Promise<ReceivedPart | undefined>;
  /** Starts a new part, and discards the old one. */
  begin(etag: string, total: number | undefined): Promise<void>;
  append(chunk: Uint8Array): Promise<void>;
  /** Closes the part, and keeps it. */
  close(): Promise<void>;
  /** Deletes the part. */
  remove(): Promise<void>;
}

/** Content of the JSON file beside a part. */
interface PartInfo {
  url: string;
  etag: string;
  total?: number;
}

/**
 * Opens the part of a cached file: `PATH.part`, and `PATH.part.json` with its URL and ETag. A lock excludes other downloads.
 * @returns undefined if another download is writing it, or the file system has no locks.
 * @throws Error of the file system if the folder cannot be used.
 */
export async function openPartialFile(path: string, url: string): Promise<PartialFile | undefined> {
  const { open, readFile, mkdir, rm } = builtinModule('node:fs/promises');
  const part = `${path}.part`;
  const infoFile = `${part}.json`;
  await mkdir(builtinModule('node:path').dirname(path), { recursive: true });
  const lock = tryLock(`${part}.lock`);
  if (!lock) return undefined;
  let file: Awaited<ReturnType<typeof open>> | undefined;
  const readInfo = async (): Promise<PartInfo | undefined> => {
    try {
      return JSON.parse(await readFile(infoFile, 'utf8')) as PartInfo;
    } catch {
      return undefined;
    }
  };
  const close = async () => {
    await file?.close();
    file = undefined;
    lock.release();
  };
  return {
    async read() {
      const info = await readInfo();
      if (info?.url !== url || typeof info.etag !== 'string') return undefined;
      const bytes = await readFile(part).catch(() => new Uint8Array());
      if (bytes.length === 0 || (info.total !== undefined && bytes.length >= info.total)) return undefined;
      file = await open(part, 'a');
      return { etag: info.etag, total: info.total, bytes: new Uint8Array(bytes) };
    },
    async begin(etag, total) {
      await file?.close();
      file = undefined;
      // Bytes of another version must never be found beside the new ETag.
      await rm(part, { force: true });
      await writeFileAtomic(infoFile, JSON.stringify({ url, etag, total }), { syncFolder: false });
      file = await open(part, 'w');
    },
    async append(chunk) {
      await file?.appendFile(chunk);
    },
    close,
    async remove() {
      await file?.close();
      file = undefined;
      await rm(part, { force: true });
      await rm(infoFile, { force: true });
      lock.release();
    },
  };
}

function tryLock(path: string): FileLock | undefined {
  try {
    return acquireLock(path);
  } catch (error) {
    if (error instanceof LockHeldError || error instanceof LockUnsupportedError) return undefined;
    throw error;
  }
}
