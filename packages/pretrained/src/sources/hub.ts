import { environment } from './builtin.js';
import { type CachedDownloadOptions, fetchCached } from './fetch-cached.js';
import { SourceError } from './source-error.js';

/** A model of the Hugging Face hub. */
export interface HubModel {
  /** `owner/name`. */
  repository: string;
  /** A branch, tag or commit. Default `main`. */
  revision?: string;
  /** The hub. Default: HF_ENDPOINT, or https://huggingface.co. */
  endpoint?: string;
}

interface HubFile {
  name: string;
  size: number;
  sha256?: string;
  gitBlob?: string;
}

/** The files of a model at one commit. */
export interface HubListing {
  repository: string;
  commit: string;
  endpoint: string;
  files: HubFile[];
}

// The first that is there.
const WEIGHT_FILES = ['model.safetensors', 'pytorch_model.bin', 'model.onnx'];

/** What the hub has of a model: its commit, and every file's size and checksum. From the cache when offline. */
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
  const pinned = /^[0-9a-f]{40}$/.test(revision) ? await options.cache?.get(key) : undefined;
  const bytes = pinned?.bytes ?? (await fetchListing(url, key, repository, revision, base, options));
  try {
    const { sha, siblings } = JSON.parse(new TextDecoder().decode(bytes)) as Answer;
    if (typeof sha !== 'string' || !Array.isArray(siblings)) throw new Error('no commit or no files in it');
    return { repository, commit: sha, endpoint: base, files: siblings.map(toFile) };
  } catch (error) {
    throw new SourceError(`${url} does not answer as the hub does: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}

async function fetchListing(
  url: string,
  key: string,
  repository: string,
  revision: string,
  base: string,
  options: CachedDownloadOptions,
): Promise<Uint8Array> {
  try {
    return await fetchCached(url, key, { ...options, onProgress: undefined });
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    if (options.offline) {
      const file = `${base}/${repository}/resolve/${revision}/${WEIGHT_FILES[0]}`;
      throw new SourceError(
        `${repository} is needed, but this is offline (offline: true or HF_HUB_OFFLINE) and ${WEIGHT_FILES[0]} of it is not in the cache (${options.cache?.where(key) ?? 'there is none'}). Where there is a network, run once without offline, or get the file and load it by its path: curl -L -o ${WEIGHT_FILES[0]} ${file}`,
        { cause: error },
      );
    }
    if (/\((404|401|410)\)/.test(error.message)) {
      throw new SourceError(
        `The hub at ${base} has no model ${repository}${revision === 'main' ? '' : ` at "${revision}"`}, or it is private (then give an accessToken). If a file was meant: there is none of that name.`,
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
    size: lfs?.size ?? size!,
    sha256: lfs?.sha256,
    gitBlob: lfs ? undefined : blobId,
  };
}

/** The name of the file with a model's weights. @throws SourceError when it has none, naming what it has. */
export function weightFileOf({ repository, files }: HubListing, wanted?: string): string {
  const names = files.map(({ name }) => name);
  const found = (wanted === undefined ? WEIGHT_FILES : [wanted]).find((name) => names.includes(name));
  if (found !== undefined) return found;
  throw new SourceError(
    `${repository} has no ${wanted ?? WEIGHT_FILES.join(', ')}; it has ${names.slice(0, 20).join(', ') || 'no files'}. Name one of them (file).`,
  );
}

/** A file of a model, checked against the hub's checksum. */
export function fetchHubFile(
  { repository, commit, endpoint, files }: HubListing,
  name: string,
  options: CachedDownloadOptions,
): Promise<Uint8Array> {
  const { size, sha256, gitBlob } = files.find((file) => file.name === name)!;
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
