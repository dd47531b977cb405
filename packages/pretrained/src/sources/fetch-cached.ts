import { type CachedFile, digest, type WeightCache } from './cache.js';
import { type DownloadOptions, download } from './download.js';
import { SourceError } from './source-error.js';

/** Options of {@link fetchCached}. */
export interface CachedDownloadOptions extends DownloadOptions {
  cache?: WeightCache;
  /** Whether to use only the cache. */
  offline: boolean;
}

/**
 * Returns a file from the cache if it is up to date (by its expected SHA-256 or the server's ETag), otherwise downloads and
 * caches it.
 * @throws SourceError if `offline` and the file is not in the cache; otherwise as `download`.
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
    throw new SourceError(offlineMessage(url, cache?.locate(key), cached !== undefined));
  }
  const usable = cached && sha256 === undefined && hasExpectedSize(cached, options) ? cached : undefined;
  // A Git blob id identifies the content, which was verified when it was downloaded.
  if (usable && options.gitBlob !== undefined && usable.info.etag === options.gitBlob) return usable.bytes;
  const knownEtag = options.gitBlob === undefined ? usable?.info.etag : undefined;
  const downloaded = await download(url, { ...options, knownEtag });
  if (!downloaded) {
    if (usable) return usable.bytes;
    throw new SourceError(
      `${url} cannot be downloaded: the server answers 304 for a file that is not cached.`,
    );
  }
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

function hasExpectedSize({ info }: CachedFile, { size }: DownloadOptions): boolean {
  return size === undefined || info.size === size;
}

function offlineMessage(url: string, location: string | undefined, isOther: boolean): string {
  const name =
    url
      .replace(/[?#].*/, '')
      .split('/')
      .at(-1) || 'weights';
  const state =
    location === undefined
      ? 'there is no cache'
      : isOther
        ? `${location} is another file`
        : `${location} does not exist`;
  return `${url} is required, but downloads are disabled (offline: true or HF_HUB_OFFLINE) and ${state}. Run once online, or download the file and load it by its path: curl -L -o ${name} ${url}`;
}
