import { builtinModule, explainDiskError } from '@unitsphere/core/disk';
import { type Preprocessing, parsePreprocessing } from '@unitsphere/images';
import { digest, openCache } from './cache.js';
import type { DownloadProgress } from './download.js';
import { environment, hasFiles } from './environment.js';
import { type CachedDownloadOptions, fetchCached } from './fetch-cached.js';
import { fetchHubFile, findWeightFile, listHubModel, MAX_TEXT_BYTES } from './hub.js';
import { checkSha256, parseSource } from './parse-source.js';
import { SourceError } from './source-error.js';

/** Path of a file, an http(s) URL, a model of the hub (`owner/name`, `hf-hub:owner/name@revision`), or the bytes. */
export type WeightSource = string | URL | ArrayBuffer | Uint8Array;

/** Options that control how a source is fetched. */
export interface SourceOptions {
  /** Called repeatedly during a download. */
  onProgress?(progress: DownloadProgress): void;
  /** Aborts a download. */
  signal?: AbortSignal;
  /** Whether to use only cached files. Default: whether HF_HUB_OFFLINE is set (1, true, yes, on). */
  offline?: boolean;
  /** Folder of the cache, or false for no cache. Default: a folder in the user's cache folder; in a browser the Cache API. */
  cache?: string | false;
  /**
   * Expected SHA-256 of the file, in hexadecimal; for a URL also as `URL#sha256=…`. Files of the hub are always checked
   * against the hub's checksums.
   */
  sha256?: string;
  /** File of a model of the hub. Default: the first of model.safetensors, pytorch_model.bin and model.onnx. */
  file?: string;
  /** Bearer token for a private model or URL; not sent to other servers. Default for the hub: HF_TOKEN. */
  accessToken?: string;
  /** URL of the hub. Default: HF_ENDPOINT, or https://huggingface.co. */
  endpoint?: string;
  /** Replacement for the global fetch. */
  fetch?: typeof fetch;
  /** Milliseconds before the first of three retries. Default: 500. */
  retryDelay?: number;
  /** Milliseconds without data after which an attempt fails; also the window of `minRate`. Default: 60,000. */
  stallTimeout?: number;
  /** Bytes per second below which an attempt fails, as a mean over `stallTimeout`. Default: 1024. */
  minRate?: number;
  /** Milliseconds after which a download fails, with all its attempts. Default: 6 hours. */
  timeout?: number;
  /** Limit of the size of a download, in bytes. Default: 2^31 − 1. */
  maxBytes?: number;
  /** Called with problems without which the download continues, such as a cache that cannot be written. Default: console.warn. */
  onWarning?(message: string): void;
}

/** Fetched weights, not parsed yet. */
export interface FetchedWeights {
  bytes: Uint8Array;
  /** Name of the source, for messages. */
  name: string;
  preprocessing?: Preprocessing;
  /** Location of the cached file that the bytes come from. */
  cachedAt?: string;
  /** Stores a download in the cache. Call it once the weights could be read. */
  keep?(): Promise<void>;
  /** Downloads again, if the bytes come from a cached file that no checksum proves to be complete. */
  refetch?(): Promise<FetchedWeights>;
}

/** Fetches a weight file and the preprocessing beside it. @throws SourceError if it cannot be fetched. */
export async function fetchWeights(source: WeightSource, options: SourceOptions): Promise<FetchedWeights> {
  const sha256 = options.sha256 === undefined ? undefined : checkSha256(options.sha256);
  if (typeof source !== 'string' && !(source instanceof URL)) {
    const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : source;
    return checkPin({ bytes, name: 'the given bytes' }, sha256);
  }
  const parsed = source instanceof URL ? parseUrl(source) : parseSource(source);
  switch (parsed.kind) {
    case 'file':
      return checkPin(await fromFile(parsed.path), sha256);
    case 'url':
      if (sha256 !== undefined && parsed.sha256 !== undefined && sha256 !== parsed.sha256)
        throw new SourceError(`The "sha256" option and the URL ${parsed.url}#sha256=… differ. Remove one.`);
      return fromUrl(parsed.url, { ...options, sha256: sha256 ?? parsed.sha256 });
    case 'hub':
      return checkPin(await fromHub(parsed, options), sha256);
  }
}

/** Returns the weights if they have the expected SHA-256. */
async function checkPin(weights: FetchedWeights, sha256: string | undefined): Promise<FetchedWeights> {
  if (sha256 === undefined) return weights;
  const actual = await digest('SHA-256', weights.bytes);
  if (actual === sha256) return weights;
  throw new SourceError(
    `${weights.name} cannot be used: its SHA-256 is ${actual}, but ${sha256} is expected.`,
  );
}

function parseUrl(url: URL): ReturnType<typeof parseSource> {
  if (url.protocol === 'file:' && hasFiles())
    return { kind: 'file', path: builtinModule('node:url').fileURLToPath(url) };
  return parseSource(url.href);
}

async function fromFile(path: string): Promise<FetchedWeights> {
  if (!hasFiles())
    throw new SourceError(`${path} cannot be read: a browser has no files. Use a URL or the bytes.`);
  const { readFile } = builtinModule('node:fs/promises');
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reasons: Record<string, string> = {
      ENOENT: 'it does not exist',
      ENOTDIR: 'it does not exist',
      EISDIR: 'it is a folder; name a file in it',
      ERR_FS_FILE_TOO_LARGE: 'it is larger than 2 GiB',
    };
    const reason = reasons[code ?? ''] ?? explainDiskError(error) ?? message;
    throw new SourceError(`${path} cannot be read: ${reason}.`, { cause: error });
  }
  return { bytes, name: path, preprocessing: await readPreprocessingBeside(path) };
}

/** Reads the preprocessing beside a file: NAME.json, preprocessing.json, or timm's config.json. */
async function readPreprocessingBeside(path: string): Promise<Preprocessing | undefined> {
  const { join, dirname } = builtinModule('node:path');
  const { readFile } = builtinModule('node:fs/promises');
  const candidates = [
    path.replace(/\.[^./\\]+$/, '.json'),
    join(dirname(path), 'preprocessing.json'),
    join(dirname(path), 'config.json'),
  ];
  for (const candidate of candidates) {
    if (candidate === path) continue;
    const json = await readFile(candidate, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'EISDIR' || error.code === 'ENOTDIR') return undefined;
      throw new SourceError(`${candidate} cannot be read: ${error.message}.`, { cause: error });
    });
    if (json !== undefined && describesPreprocessing(json)) return parseFrom(candidate, json);
  }
  return undefined;
}

/** Returns whether JSON is meant as a preprocessing: the file may belong to another program. */
function describesPreprocessing(json: string): boolean {
  try {
    const value = JSON.parse(json) as Record<string, unknown> | null;
    return (
      typeof value === 'object' && value !== null && ('channelOrder' in value || 'pretrained_cfg' in value)
    );
  } catch {
    return false;
  }
}

/** Parses a preprocessing. @throws SourceError with its location. */
function parseFrom(location: string, json: string): Preprocessing {
  try {
    return parsePreprocessing(json);
  } catch (error) {
    throw new SourceError(`The preprocessing in ${location} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function fromUrl(url: string, options: SourceOptions): Promise<FetchedWeights> {
  const address = new URL(url);
  const name = decodeURIComponent(address.pathname.split('/').at(-1) || 'weights');
  const key = `url/${address.host}/${address.pathname.slice(1)}${address.search}/${name}`;
  const fetchBytes = async (refresh: boolean): Promise<FetchedWeights> => {
    const { isVerified, ...file } = await fetchCached(url, key, {
      ...downloadOptions(options, options.accessToken),
      sha256: options.sha256,
      refresh,
    });
    const canRefetch = file.cachedAt !== undefined && !isVerified && !isOffline(options);
    return { ...file, name: url, ...(canRefetch && { refetch: () => fetchBytes(true) }) };
  };
  return fetchBytes(false);
}

async function fromHub(
  { repository, revision }: { repository: string; revision?: string },
  options: SourceOptions,
): Promise<FetchedWeights> {
  const download = downloadOptions(options, options.accessToken ?? environment('HF_TOKEN'));
  const listing = await listHubModel({ repository, revision, endpoint: options.endpoint }, download);
  const file = findWeightFile(listing, options.file);
  const { bytes, cachedAt, keep } = await fetchHubFile(listing, file, download);
  const configFile = listing.files.find(({ name }) => name === 'config.json');
  let config: string | undefined;
  if (configFile) {
    const limit = { onProgress: undefined, maxBytes: MAX_TEXT_BYTES };
    const fetched = await fetchHubFile(listing, configFile, { ...download, ...limit });
    await fetched.keep();
    config = new TextDecoder().decode(fetched.bytes);
  }
  return {
    bytes,
    cachedAt,
    keep,
    name: `${repository}${revision ? `@${revision}` : ''} (${file.name})`,
    preprocessing:
      config && describesPreprocessing(config) ? parseFrom(`${repository}/config.json`, config) : undefined,
  };
}

/** Returns the options of a download, with its cache. A warning is reported once. */
export function downloadOptions(options: SourceOptions, token: string | undefined): CachedDownloadOptions {
  const { onProgress, signal, fetch, retryDelay, stallTimeout, minRate, timeout, maxBytes } = options;
  const warned = new Set<string>();
  return {
    cache: openCache(options.cache),
    offline: isOffline(options),
    headers: token ? { authorization: `Bearer ${token}` } : {},
    onProgress,
    signal,
    fetch,
    retryDelay,
    stallTimeout,
    minRate,
    timeout,
    maxBytes,
    onWarning(message) {
      if (warned.has(message)) return;
      warned.add(message);
      (options.onWarning ?? console.warn)(message);
    },
  };
}

function isOffline({ offline }: SourceOptions): boolean {
  const variable = (environment('HF_HUB_OFFLINE') ?? '').toLowerCase();
  return offline ?? ['1', 'true', 'yes', 'on'].includes(variable);
}
