import { type CachedFile, digest, type WeightCache } from './cache.js';
import { type DownloadOptions, download } from './download.js';
import { SourceError } from './source-error.js';

/** Options of {@link fetchCached}. */
export interface CachedDownloadOptions extends DownloadOptions {
  cache?: WeightCache;
  /** Whether to use only the cache. */
  offline: boolean;
  /** Whether to download a file that is in the cache. Default: false. */
  refresh?: boolean;
  /** Called with problems of the cache, without which the download continues. */
  onWarning(message: string): void;
}

/** Fetched file. */
export interface FetchedFile {
  bytes: Uint8Array;
  /** Location of the cached file that the bytes come from; undefined for a download. */
  cachedAt?: string;
  /** Whether a checksum that was known in advance proves that the bytes are complete. */
  isVerified: boolean;
  /** Stores a download in the cache. Call it once the content is known to be complete. */
  keep(): Promise<void>;
}

/**
 * Returns a file from the cache if it is up to date (by its expected SHA-256 or the server's ETag), otherwise downloads it. A
 * download is cached by `keep`, or at once if its checksum was known. A cache that cannot be used is reported by `onWarning`.
 * @throws SourceError if `offline` and the file is not in the cache; otherwise as `download`.
 */
export async function fetchCached(
  url: string,
  key: string,
  { cache, offline, refresh = false, onWarning, ...options }: CachedDownloadOptions,
): Promise<FetchedFile> {
  const found = await cache?.get(key).catch((error: SourceError) => onWarning(error.message));
  const cached = found ?? undefined;
  const { sha256, gitBlob } = options;
  const isVerified = sha256 !== undefined || gitBlob !== undefined;
  const fromCache = ({ bytes }: CachedFile): FetchedFile => ({
    bytes,
    cachedAt: cache?.locate(key),
    isVerified,
    keep: async () => undefined,
  });
  if (cached && sha256 !== undefined && cached.info.sha256 === sha256.toLowerCase()) return fromCache(cached);
  if (offline) {
    if (cached && sha256 === undefined) return fromCache(cached);
    throw new SourceError(offlineMessage(url, cache?.locate(key), cached !== undefined));
  }
  const isUsable = cached && !refresh && sha256 === undefined && hasExpectedSize(cached, options);
  const usable = isUsable ? cached : undefined;
  // A Git blob id identifies the content, which was verified when it was downloaded.
  if (usable && gitBlob !== undefined && usable.info.etag === gitBlob) return fromCache(usable);
  const knownEtag = gitBlob === undefined ? usable?.info.etag : undefined;
  const warnOfPart = (error: unknown) =>
    onWarning(
      `The download of ${url} cannot be resumed later: ${cache?.locate(key)}.part cannot be used (${(error as Error).message}).`,
    );
  const partial = await cache?.openPartial?.(key, url).catch((error: unknown) => warnOfPart(error));
  const downloaded = await download(url, {
    ...options,
    knownEtag,
    partial: partial ?? undefined,
    onPartialError: warnOfPart,
  });
  if (!downloaded) {
    if (usable) return fromCache(usable);
    throw new SourceError(
      `${url} cannot be downloaded: the server answers 304 for a file that is not cached.`,
    );
  }
  const { bytes, etag } = downloaded;
  const keep = async () => {
    if (!cache) return;
    const info = {
      url,
      size: bytes.byteLength,
      sha256: await digest('SHA-256', bytes),
      etag: gitBlob ?? etag,
    };
    await cache.put(key, { bytes, info }).catch((error: Error) => onWarning(error.message));
  };
  if (isVerified) await keep();
  return { bytes, isVerified, keep: isVerified ? async () => undefined : keep };
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
