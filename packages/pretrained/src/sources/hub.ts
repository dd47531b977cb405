import { environment } from './environment.js';
import { type CachedDownloadOptions, type FetchedFile, fetchCached } from './fetch-cached.js';
import { SourceError } from './source-error.js';

/** Model of the Hugging Face hub. */
export interface HubModel {
  /** `owner/name`. */
  repository: string;
  /** Branch, tag or commit. Default: `main`. */
  revision?: string;
  /** URL of the hub. Default: HF_ENDPOINT, or https://huggingface.co. */
  endpoint?: string;
}

/** File of a model, with its size and checksum. */
export interface HubFile {
  name: string;
  size?: number;
  sha256?: string;
  gitBlob?: string;
}

/** Files of a model at one commit. */
export interface HubListing {
  repository: string;
  commit: string;
  endpoint: string;
  files: HubFile[];
}

/** Limit of the sizes of listings and configs. */
export const MAX_TEXT_BYTES = 2 ** 26;

// In order of preference.
const WEIGHT_FILES = ['model.safetensors', 'pytorch_model.bin', 'model.onnx'];

/**
 * Lists a model's commit and its files with sizes and checksums; from the cache if offline.
 * @throws SourceError if the model does not exist or the hub does not answer.
 */
export async function listHubModel(
  {
    repository,
    revision = 'main',
    endpoint = environment('HF_ENDPOINT') ?? 'https://huggingface.co',
  }: HubModel,
  options: CachedDownloadOptions,
): Promise<HubListing> {
  const base = endpoint.replace(/\/+$/, '');
  const url = `${base}/api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const key = `hub/${repository}/${revision.replaceAll('/', '_')}/listing`;
  // A commit never changes.
  const pinned = /^[0-9a-f]{40}$/.test(revision) ? await readCached(key, options) : undefined;
  const fetched = pinned ? undefined : await fetchListing(url, key, repository, revision, base, options);
  const bytes = pinned?.bytes ?? fetched?.bytes;
  try {
    const { sha, siblings } = JSON.parse(new TextDecoder().decode(bytes)) as Answer;
    if (typeof sha !== 'string' || !Array.isArray(siblings))
      throw new Error('the answer has no commit or no files');
    await fetched?.keep();
    return { repository, commit: sha, endpoint: base, files: siblings.map(toFile) };
  } catch (error) {
    throw new SourceError(`${url} does not answer like the hub: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}

async function readCached(key: string, { cache, onWarning }: CachedDownloadOptions) {
  return (await cache?.get(key).catch((error: Error) => onWarning(error.message))) ?? undefined;
}

async function fetchListing(
  url: string,
  key: string,
  repository: string,
  revision: string,
  base: string,
  options: CachedDownloadOptions,
): Promise<FetchedFile> {
  try {
    const limit = { onProgress: undefined, maxBytes: MAX_TEXT_BYTES };
    return await fetchCached(url, key, { ...options, ...limit });
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    if (options.offline) {
      const file = `${base}/${repository}/resolve/${revision}/${WEIGHT_FILES[0]}`;
      throw new SourceError(
        `${repository} is required, but downloads are disabled (offline: true or HF_HUB_OFFLINE) and its ${WEIGHT_FILES[0]} is not in the cache (${options.cache?.locate(key) ?? 'there is none'}). Run once online, or download the file and load it by its path: curl -L -o ${WEIGHT_FILES[0]} ${file}`,
        { cause: error },
      );
    }
    if (/\((404|401|410)\)/.test(error.message)) {
      throw new SourceError(
        `The hub at ${base} has no model ${repository}${revision === 'main' ? '' : ` at "${revision}"`}, or it is private: then set an accessToken. If you meant a file, it does not exist.`,
        { cause: error },
      );
    }
    throw error;
  }
}

interface Answer {
  sha?: unknown;
  siblings?: {
    rfilename: string;
    size?: number;
    blobId?: string;
    lfs?: { sha256: string; size: number };
  }[];
}

function toFile({ rfilename, size, blobId, lfs }: NonNullable<Answer['siblings']>[number]): HubFile {
  return {
    name: rfilename,
    size: lfs?.size ?? size,
    sha256: lfs?.sha256,
    gitBlob: lfs ? undefined : blobId,
  };
}

/**
 * Finds the file with a model's weights.
 * @param requested Name of the file. Default: the first of WEIGHT_FILES that exists.
 * @throws SourceError with the files of the model, if it has no such file.
 */
export function findWeightFile({ repository, files }: HubListing, requested?: string): HubFile {
  for (const name of requested === undefined ? WEIGHT_FILES : [requested]) {
    const found = files.find((file) => file.name === name);
    if (found) return found;
  }
  const names = files.map(({ name }) => name);
  throw new SourceError(
    `${repository} has no ${requested ?? WEIGHT_FILES.join(', ')}; it has ${names.slice(0, 20).join(', ') || 'no files'}. Set "file" to one of them.`,
  );
}

/** Fetches a file of a model, and verifies it against the hub's checksum. */
export function fetchHubFile(
  { repository, commit, endpoint }: HubListing,
  { name, size, sha256, gitBlob }: HubFile,
  options: CachedDownloadOptions,
): Promise<FetchedFile> {
  const path = name.split('/').map(encodeURIComponent).join('/');
  return fetchCached(
    `${endpoint}/${repository}/resolve/${commit}/${path}`,
    `hub/${repository}/${sha256 ?? gitBlob ?? commit}/${name}`,
    {
      ...options,
      size,
      sha256,
      gitBlob,
    },
  );
}
