import { builtin, environment, hasFiles } from './builtin.js';
import { SourceError } from './source-error.js';

/** What is known of a cached file. */
export interface CachedInfo {
  url: string;
  size: number;
  /** Of the bytes, in hexadecimal. */
  sha256: string;
  etag?: string;
}

/** A file from the cache, its bytes checked against its SHA-256. */
export interface CachedFile {
  bytes: Uint8Array;
  info: CachedInfo;
}

/** Where downloads are kept. */
export interface WeightCache {
  /** The file of that key; undefined when there is none, or it is not whole any more. */
  get(key: string): Promise<CachedFile | undefined>;
  /** Keeps a file; another process sees the old one or the new one, never a part. */
  put(key: string, file: CachedFile): Promise<void>;
  /** Where a key's file is, for a message. */
  where(key: string): string;
}

const OTHER_CACHE = 'Name another folder (cache), or none: cache: false.';
const BROWSER_CACHE = 'unitsphere-pretrained';

/**
 * The cache for this machine: files in a folder (default: `unitsphere/pretrained` in the user's cache folder), the Cache API
 * in a browser; undefined where there is neither or `folder` is false.
 */
export function openCache(folder?: string | false): WeightCache | undefined {
  if (folder === false) return undefined;
  if (hasFiles())
    return diskCache(folder ?? builtin('node:path').join(userCacheFolder(), 'unitsphere', 'pretrained'));
  return globalThis.caches ? browserCache() : undefined;
}

function userCacheFolder(): string {
  const { join } = builtin('node:path');
  const home = builtin('node:os').homedir();
  const set = environment('XDG_CACHE_HOME');
  if (set) return set;
  if (process.platform === 'darwin') return join(home, 'Library', 'Caches');
  if (process.platform === 'win32') return environment('LOCALAPPDATA') ?? join(home, 'AppData', 'Local');
  return join(home, '.cache');
}

function diskCache(folder: string): WeightCache {
  const { join, dirname } = builtin('node:path');
  const { readFile } = builtin('node:fs/promises');
  const pathOf = (key: string) => join(folder, ...key.split('/').map(safeName));
  return {
    where: pathOf,
    async get(key) {
      const path = pathOf(key);
      try {
        const info = JSON.parse(await readFile(`${path}.json`, 'utf8')) as CachedInfo;
        return await checked(new Uint8Array(await readFile(path)), info);
      } catch (error) {
        if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT')
          return undefined;
        throw new SourceError(
          `The cache ${folder} cannot be read: ${(error as Error).message}. ${OTHER_CACHE}`,
          { cause: error },
        );
      }
    },
    async put(key, { bytes, info }) {
      const path = pathOf(key);
      try {
        await builtin('node:fs/promises').mkdir(dirname(path), { recursive: true });
        // A reader between the two finds a SHA-256 that is another's, and downloads again.
        await writeWhole(path, bytes);
        await writeWhole(`${path}.json`, new TextEncoder().encode(JSON.stringify(info)));
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        const what = code === 'ENOSPC' ? 'the disk is full' : message;
        throw new SourceError(`The download cannot be kept in ${folder}: ${what}. ${OTHER_CACHE}`, {
          cause: error,
        });
      }
    },
  };
}

/** Writes to a temporary name, syncs and renames, so that a file is there whole or not at all. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const { open, rename, rm } = builtin('node:fs/promises');
  const temporary = `${path}.${builtin('node:crypto').randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

// A key's parts become names of files on every system, and never lead out of the folder.
function safeName(part: string): string {
  return (
    part
      .replace(/[^\w.-]/g, '_')
      .replace(/^\.+/, '_')
      .slice(0, 150) || '_'
  );
}

function browserCache(): WeightCache {
  const addressOf = (key: string) => `https://cache.invalid/${encodeURI(key)}`;
  const open = () => globalThis.caches.open(BROWSER_CACHE);
  return {
    where: (key) => `the browser's cache "${BROWSER_CACHE}", ${key}`,
    async get(key) {
      const response = await (await open()).match(addressOf(key));
      if (!response) return undefined;
      const info = JSON.parse(response.headers.get('x-info') ?? 'null') as CachedInfo | null;
      return info ? checked(new Uint8Array(await response.arrayBuffer()), info) : undefined;
    },
    async put(key, { bytes, info }) {
      const headers = { 'x-info': JSON.stringify(info), 'content-length': String(bytes.byteLength) };
      await (await open()).put(addressOf(key), new Response(bytes as Uint8Array<ArrayBuffer>, { headers }));
    },
  };
}

async function checked(bytes: Uint8Array, info: CachedInfo): Promise<CachedFile | undefined> {
  const whole = bytes.byteLength === info.size && (await digest('SHA-256', bytes)) === info.sha256;
  return whole ? { bytes, info } : undefined;
}

/** A digest in hexadecimal. */
export async function digest(algorithm: 'SHA-256' | 'SHA-1', bytes: Uint8Array): Promise<string> {
  const { subtle } = globalThis.crypto;
  if (!subtle)
    throw new SourceError('Downloads cannot be checked here: crypto.subtle needs a page over https.');
  const hash = new Uint8Array(await subtle.digest(algorithm, bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
