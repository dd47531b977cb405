import { type Preprocessing, parsePreprocessing } from '../preprocess/preprocessing.js';
import { builtin, environment, hasFiles } from './builtin.js';
import { openCache } from './cache.js';
import type { DownloadProgress } from './download.js';
import { type CachedDownloadOptions, fetchCached } from './fetch-cached.js';
import { fetchHubFile, listHubModel, weightFileOf } from './hub.js';
import { parseSource } from './parse-source.js';
import { SourceError } from './source-error.js';

/** The path of a file, an http(s) address, a model of the hub (`owner/name`, `hf-hub:owner/name@revision`), or the bytes. */
export type WeightSource = string | URL | ArrayBuffer | Uint8Array;

/** How a source is fetched. */
export interface SourceOptions {
  /** Called as a download goes on. */
  onProgress?(progress: DownloadProgress): void;
  /** Ends a download. */
  signal?: AbortSignal;
  /** Use only what is cached. Default: whether HF_HUB_OFFLINE is set (1, true, yes, on). */
  offline?: boolean;
  /** The folder of the cache, or false for none. Default: in the user's cache folder; in a browser its Cache API. */
  cache?: string | false;
  /** The SHA-256 that an address's file must have, in hexadecimal. The hub's files are checked against the hub's. */
  sha256?: string;
  /** Of a model of the hub: the file. Default: model.safetensors, pytorch_model.bin or model.onnx. */
  file?: string;
  /** For a private model or address: sent as a bearer token, to that server alone. Default for the hub: HF_TOKEN. */
  accessToken?: string;
  /** The hub's address. Default: HF_ENDPOINT, or https://huggingface.co. */
  endpoint?: string;
  /** Instead of the global fetch. */
  fetch?: typeof fetch;
  /** Milliseconds before the first of three further tries. Default 500. */
  retryDelay?: number;
  /** Milliseconds without a byte after which a try has failed. Default 60,000. */
  stallTimeout?: number;
}

/** Weights, as they came. */
export interface FetchedWeights {
  bytes: Uint8Array;
  /** The source in words. */
  name: string;
  preprocessing?: Preprocessing;
}

/** Fetches a file of weights and the preprocessing beside it, whatever kind of source it is. */
export async function fetchWeights(source: WeightSource, options: SourceOptions): Promise<FetchedWeights> {
  if (source instanceof ArrayBuffer) return { bytes: new Uint8Array(source), name: 'the given bytes' };
  if (source instanceof Uint8Array) return { bytes: source, name: 'the given bytes' };
  const parsed = source instanceof URL ? ofUrl(source) : parseSource(source);
  switch (parsed.kind) {
    case 'file':
      return fromFile(parsed.path);
    case 'url':
      return fromUrl(parsed.url, options);
    case 'hub':
      return fromHub(parsed, options);
  }
}

function ofUrl(url: URL): ReturnType<typeof parseSource> {
  if (url.protocol === 'file:' && hasFiles())
    return { kind: 'file', path: builtin('node:url').fileURLToPath(url) };
  return parseSource(url.href);
}

async function fromFile(path: string): Promise<FetchedWeights> {
  if (!hasFiles())
    throw new SourceError(
      `${path} cannot be read: there are no files in a browser. Give an address or the bytes.`,
    );
  const { readFile } = builtin('node:fs/promises');
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const known: Record<string, string> = {
      ENOENT: 'there is no such file',
      ENOTDIR: 'there is no such file',
      EISDIR: 'it is a folder; name the file in it',
      EACCES: 'you may not read it',
      ERR_FS_FILE_TOO_LARGE: 'it is larger than 2 GiB',
    };
    throw new SourceError(`${path} cannot be read: ${known[code ?? ''] ?? message}.`, { cause: error });
  }
  return { bytes, name: path, preprocessing: await preprocessingBeside(path) };
}

/** `weights.json` beside weights.safetensors, or preprocessing.json, or timm's config.json. */
async function preprocessingBeside(path: string): Promise<Preprocessing | undefined> {
  const { join, dirname } = builtin('node:path');
  const { readFile } = builtin('node:fs/promises');
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
    if (json !== undefined && describesPreprocessing(json)) return named(candidate, json);
  }
  return undefined;
}

/** Whether a JSON text means to be one: other programs' JSON may lie there too. */
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

function named(where: string, json: string): Preprocessing {
  try {
    return parsePreprocessing(json);
  } catch (error) {
    throw new SourceError(`The preprocessing in ${where} cannot be used: ${(error as Error).message}`, {
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
  const file = weightFileOf(listing, options.file);
  const bytes = await fetchHubFile(listing, file, download);
  const hasConfig = listing.files.some(({ name }) => name === 'config.json');
  const config = hasConfig
    ? new TextDecoder().decode(
        await fetchHubFile(listing, 'config.json', { ...download, onProgress: undefined }),
      )
    : undefined;
  return {
    bytes,
    name: `${repository}${revision ? `@${revision}` : ''} (${file})`,
    preprocessing:
      config && describesPreprocessing(config) ? named(`${repository}/config.json`, config) : undefined,
  };
}

function downloadOptions(options: SourceOptions, token: string | undefined): CachedDownloadOptions {
  const { onProgress, signal, fetch, retryDelay, stallTimeout } = options;
  const set = (environment('HF_HUB_OFFLINE') ?? '').toLowerCase();
  return {
    cache: openCache(options.cache),
    offline: options.offline ?? ['1', 'true', 'yes', 'on'].includes(set),
    headers: token ? { authorization: `Bearer ${token}` } : {},
    onProgress,
    signal,
    fetch,
    retryDelay,
    stallTimeout,
  };
}
