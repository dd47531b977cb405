import { builtinModule, cacheFolder, explainDiskError, writeFileAtomic } from '@unitsphere/core/disk';
import { hasFiles } from './environment.js';
import { openPartialFile, type PartialFile } from './partial-file.js';
import { SourceError } from './source-error.js';

/** Metadata of a cached file. */
export interface CachedInfo {
  url: string;
  size: number;
  /** SHA-256 of the bytes, in hexadecimal. */
  sha256: string;
  etag?: string;
}

/** File in the cache, whose bytes match its SHA-256. */
export interface CachedFile {
  bytes: Uint8Array;
  info: CachedInfo;
}

/** Storage of downloads. */
export interface WeightCache {
  /** Returns the file of a key; undefined if there is none, or it is damaged. */
  get(key: string): Promise<CachedFile | undefined>;
  /** Stores a file. Other processes never see a partial one. */
  put(key: string, file: CachedFile): Promise<void>;
  /** Opens the place for an unfinished download of a key; undefined if there is none, or another download uses it. */
  openPartial?(key: string, url: string): Promise<PartialFile | undefined>;
  /** Returns the location of a key's file, for a message. */
  locate(key: string): string;
}

const OTHER_CACHE = 'Set "cache" to another folder, or to false for no cache.';
const BROWSER_CACHE = 'unitsphere-pretrained';

/**
 * Opens the cache: in Node a folder (default: `unitsphere/pretrained` in the user's cache folder), in a browser the Cache API.
 * @returns undefined if neither is available or `folder` is false.
 */
export function openCache(folder?: string | false): WeightCache | undefined {
  if (folder === false) return undefined;
  if (hasFiles())
    return diskCache(folder ?? builtinModule('node:path').join(cacheFolder(), 'unitsphere', 'pretrained'));
  return globalThis.caches ? browserCache() : undefined;
}

function diskCache(folder: string): WeightCache {
  const { join, dirname } = builtinModule('node:path');
  const { readFile } = builtinModule('node:fs/promises');
  const pathOf = (key: string) => join(folder, ...key.split('/').map(safeName));
  return {
    locate: pathOf,
    openPartial: (key, url) => openPartialFile(pathOf(key), url),
    async get(key) {
      const path = pathOf(key);
      try {
        const info = JSON.parse(await readFile(`${path}.json`, 'utf8')) as CachedInfo;
        return await verify(new Uint8Array(await readFile(path)), info);
      } catch (error) {
        if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT')
          return undefined;
        const reason = explainDiskError(error) ?? (error as Error).message;
        throw new SourceError(`The cached file ${path} cannot be read: ${reason}. ${OTHER_CACHE}`, {
          cause: error,
        });
      }
    },
    async put(key, { bytes, info }) {
      const path = pathOf(key);
      try {
        await builtinModule('node:fs/promises').mkdir(dirname(path), { recursive: true });
        // A reader between the two writes finds a wrong SHA-256, and downloads again.
        await writeFileAtomic(path, bytes, { syncFolder: false });
        await writeFileAtomic(`${path}.json`, JSON.stringify(info), { syncFolder: false });
      } catch (error) {
        const reason = explainDiskError(error) ?? (error as Error).message;
        throw new SourceError(`The download cannot be stored as ${path}: ${reason}. ${OTHER_CACHE}`, {
          cause: error,
        });
      }
    },
  };
}

// Converts a part of a key to a file name that is valid on every system and does not leave the folder.
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
    locate: (key) => `the browser's cache "${BROWSER_CACHE}", ${key}`,
    async get(key) {
      const response = await (await open()).match(addressOf(key));
      if (!response) return undefined;
      const info = JSON.parse(response.headers.get('x-info') ?? 'null') as CachedInfo | null;
      return info ? verify(new Uint8Array(await response.arrayBuffer()), info) : undefined;
    },
    async put(key, { bytes, info }) {
      const headers = { 'x-info': JSON.stringify(info), 'content-length': String(bytes.byteLength) };
      await (await open()).put(addressOf(key), new Response(bytes as Uint8Array<ArrayBuffer>, { headers }));
    },
  };
}

/** Returns the file if its bytes match its size and SHA-256. */
async function verify(bytes: Uint8Array, info: CachedInfo): Promise<CachedFile | undefined> {
  const isIntact = bytes.byteLength === info.size && (await digest('SHA-256', bytes)) === info.sha256;
  return isIntact ? { bytes, info } : undefined;
}

/** Computes a digest, in hexadecimal. */
export async function digest(algorithm: 'SHA-256' | 'SHA-1', bytes: Uint8Array): Promise<string> {
  const { subtle } = globalThis.crypto;
  if (!subtle)
    throw new SourceError(
      'Downloads cannot be verified here: crypto.subtle requires a page that is served over https.',
    );
  const hash = new Uint8Array(await subtle.digest(algorithm, bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
