import { type CachedFile, digest, type WeightCache } from './cache.js';
import { type DownloadOptions, download } from './download.js';
import { SourceError } from './source-error.js';

/** How a file is fetched through the cache. */
export interface CachedDownloadOptions extends DownloadOptions {
  cache?: WeightCache;
  /** Whether nothing may be asked of the network. */
  offline: boolean;
}

/**
 * A file from the cache where that is the right one (its SHA-256 is the expected one, or the server says that its ETag is
 * still the file's), else downloaded and kept.
 * @throws SourceError offline, when it is not in the cache, with what gets it; and as `download` does.
 */
export async function fetchCached(
  url: string,
  key: string,
  { cache, offline, ...options }: CachedDownloadOptions,
): Promise<Uint8Array> {
  const cached = await cache?.get(key);
  const { sha256 } = options;
  if (cached && sha256 !== undefined && cached.info.sha256 === sha256.toLowerCase()) return cached.bytes;
  if (offline) {
    if (cached && sha256 === undefined) return cached.bytes;
    throw new SourceError(offlineMessage(url, cache?.where(key), cached !== undefined));
  }
  const usable = cached && sha256 === undefined && isRight(cached, options) ? cached : undefined;
  // Git's id is of the content, and was checked when the file came.
  if (usable && options.gitBlob !== undefined && usable.info.etag === options.gitBlob) return usable.bytes;
  const knownEtag = options.gitBlob === undefined ? usable?.info.etag : undefined;
  const downloaded = await download(url, { ...options, knownEtag });
  if (!downloaded) return usable!.bytes;
  const { bytes } = downloaded;
  const info = {
    url,
    size: bytes.byteLength,
    sha256: await digest('SHA-256', bytes),
    etag: options.gitBlob ?? downloaded.etag,
  };
  await cache?.put(key, { bytes, info });
  return bytes;
}

function isRight({ info }: CachedFile, { size }: DownloadOptions): boolean {
  return size === undefined || info.size === size;
}

function offlineMessage(url: string, where: string | undefined, other: boolean): string {
  const name =
    url
      .split('/')
      .at(-1)!
      .replace(/[?#].*/, '') || 'weights';
  const state =
    where === undefined ? 'there is no cache' : other ? `${where} is another file` : `${where} is not there`;
  return `${url} is needed, but this is offline (offline: true or HF_HUB_OFFLINE) and ${state}. Where there is a network, run once without offline, or get the file and load it by its path: curl -L -o ${name} ${url}`;
}
