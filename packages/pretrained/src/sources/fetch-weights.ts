import { builtinModule, explainDiskError } from '@unitsphere/core/disk';
import { type Preprocessing, parsePreprocessing } from '../preprocess/preprocessing.js';
import { openCache } from './cache.js';
import type { DownloadProgress } from './download.js';
import { environment, hasFiles } from './environment.js';
import { type CachedDownloadOptions, fetchCached } from './fetch-cached.js';
import { fetchHubFile, findWeightFile, listHubModel } from './hub.js';
import { parseSource } from './parse-source.js';
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
  /** Expected SHA-256 of a URL's file, in hexadecimal. Files of the hub are checked against the hub's checksums. */
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
  /** Milliseconds without data after which an attempt fails. Default: 60,000. */
  stallTimeout?: number;
}

/** Fetched weights, not parsed yet. */
export interface FetchedWeights {
  bytes: Uint8Array;
  /** Name of the source, for messages. */
  name: string;
  preprocessing?: Preprocessing;
}

/** Fetches a weight file and the preprocessing beside it. @throws SourceError if it cannot be fetched. */
export async function fetchWeights(source: WeightSource, options: SourceOptions): Promise<FetchedWeights> {
  if (source instanceof ArrayBuffer) return { bytes: new Uint8Array(source), name: 'the given bytes' };
  if (source instanceof Uint8Array) return { bytes: source, name: 'the given bytes' };
  const parsed = source instanceof URL ? parseUrl(source) : parseSource(source);
  switch (parsed.kind) {
    case 'file':
      return fromFile(parsed.path);
    case 'url':
      return fromUrl(parsed.url, options);
    case 'hub':
      return fromHub(parsed, options);
  }
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
  const bytes = await fetchCached(url, key, {
    ...downloadOptions(options, options.accessToken),
    sha256: options.sha256,
  });
  return { bytes, name: url };
}

async function fromHub(
  { repository, revision }: { repository: string; revision?: string },
  options: SourceOptions,
): Promise<FetchedWeights> {
  const download = downloadOptions(options, options.accessToken ?? environment('HF_TOKEN'));
  const listing = await listHubModel({ repository, revision, endpoint: options.endpoint }, download);
  const file = findWeightFile(listing, options.file);
  const bytes = await fetchHubFile(listing, file, download);
  const configFile = listing.files.find(({ name }) => name === 'config.json');
  const config =
    configFile &&
    new TextDecoder().decode(await fetchHubFile(listing, configFile, { ...download, onProgress: undefined }));
  return {
    bytes,
    name: `${repository}${revision ? `@${revision}` : ''} (${file.name})`,
    preprocessing:
      config && describesPreprocessing(config) ? parseFrom(`${repository}/config.json`, config) : undefined,
  };
}

function downloadOptions(options: SourceOptions, token: string | undefined): CachedDownloadOptions {
  const { onProgress, signal, fetch, retryDelay, stallTimeout } = options;
  const offline = (environment('HF_HUB_OFFLINE') ?? '').toLowerCase();
  return {
    cache: openCache(options.cache),
    offline: options.offline ?? ['1', 'true', 'yes', 'on'].includes(offline),
    headers: token ? { authorization: `Bearer ${token}` } : {},
    onProgress,
    signal,
    fetch,
    retryDelay,
    stallTimeout,
  };
}
