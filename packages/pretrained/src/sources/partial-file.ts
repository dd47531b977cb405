import { builtinModule, isProcessRunning, temporaryPath } from '@unitsphere/core/disk';

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
  /** Process that writes the part. */
  pid: number;
  host: string;
}

// A part of another machine that has not grown for so long is abandoned.
const ABANDONED_AFTER = 10 * 60_000;

// Paths of the parts that this process writes.
const open = new Set<string>();

/**
 * Opens the part of a cached file: `PATH.part`, and `PATH.part.json` with its ETag and the process that writes it.
 * @returns undefined if another download is writing it.
 * @throws Error of the file system if the folder cannot be used.
 */
export async function openPartialFile(path: string, url: string): Promise<PartialFile | undefined> {
  const { open: openFile, readFile, mkdir, rm, rename, stat, writeFile } = builtinModule('node:fs/promises');
  const { dirname } = builtinModule('node:path');
  const host = builtinModule('node:os').hostname();
  const part = `${path}.part`;
  const infoFile = `${part}.json`;
  if (open.has(part)) return undefined;
  open.add(part);
  let file: Awaited<ReturnType<typeof openFile>> | undefined;
  const writeInfo = async (info: PartInfo) => {
    // A reader never sees an incomplete JSON.
    const temporary = temporaryPath(infoFile);
    await writeFile(temporary, JSON.stringify(info));
    await rename(temporary, infoFile);
  };
  const readInfo = async (): Promise<PartInfo | undefined> => {
    try {
      return JSON.parse(await readFile(infoFile, 'utf8')) as PartInfo;
    } catch {
      return undefined;
    }
  };
  const lastChange = async () => (await stat(part).catch(() => undefined))?.mtimeMs ?? 0;
  const close = async () => {
    await file?.close();
    file = undefined;
    open.delete(part);
  };
  try {
    await mkdir(dirname(path), { recursive: true });
    const owner = await readInfo();
    const isOwned =
      owner?.host === host
        ? owner.pid !== process.pid && isProcessRunning(owner.pid)
        : owner && Date.now() - (await lastChange()) < ABANDONED_AFTER;
    if (isOwned) {
      open.delete(part);
      return undefined;
    }
  } catch (error) {
    open.delete(part);
    throw error;
  }
  return {
    async read() {
      const info = await readInfo();
      if (info?.url !== url || typeof info.etag !== 'string') return undefined;
      // Only one process can rename the part; each writes to a file of its own.
      const claimed = temporaryPath(part);
      const isClaimed = await rename(part, claimed).then(
        () => true,
        () => false,
      );
      if (!isClaimed) return undefined;
      const bytes = new Uint8Array(await readFile(claimed));
      if (bytes.length === 0 || (info.total !== undefined && bytes.length >= info.total)) {
        await rm(claimed, { force: true });
        return undefined;
      }
      file = await openFile(claimed, 'a');
      await writeInfo({ ...info, pid: process.pid, host });
      await rename(claimed, part);
      return { etag: info.etag, total: info.total, bytes };
    },
    async begin(etag, total) {
      await file?.close();
      file = undefined;
      // Bytes of another version must never be found beside the new ETag.
      await rm(part, { force: true });
      await writeInfo({ url, etag, total, pid: process.pid, host });
      const created = temporaryPath(part);
      file = await openFile(created, 'wx');
      await rename(created, part);
    },
    async append(chunk) {
      await file?.appendFile(chunk);
    },
    close,
    async remove() {
      await close();
      await rm(part, { force: true });
      await rm(infoFile, { force: true });
    },
  };
}
