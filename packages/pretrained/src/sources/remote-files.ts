import { environment } from './environment.js';
import { type FetchedFile, fetchCached } from './fetch-cached.js';
import { downloadOptions, type SourceOptions } from './fetch-weights.js';
import { fetchHubFile, listHubModel } from './hub.js';
import { checkSha256, type ParsedSource } from './parse-source.js';
import { SourceError } from './source-error.js';

/** The files of a model on the hub, or of a folder on a server. */
export interface RemoteFiles {
  /** The model or the address, for messages. */
  readonly name: string;
  /**
   * Fetches a file, from the cache if it is up to date.
   * @returns undefined if there is no such file.
   * @throws SourceError if it cannot be fetched, or differs from its checksum.
   */
  read(file: string): Promise<Uint8Array | undefined>;
  /** Stores the files that were read in the cache. Call it once their content could be used. */
  keep(): Promise<void>;
}

/** Options of {@link openRemoteFiles}. */
export interface RemoteFilesOptions extends Omit<SourceOptions, 'file' | 'sha256'> {
  /** Expected SHA-256 of files by their names, in hexadecimal. The hub's checksums are always verified. */
  sha256?: Readonly<Record<string, string>>;
}

/** Opens a model of the hub, or a folder at a URL. @throws SourceError if the hub has no such model. */
export async function openRemoteFiles(
  source: Exclude<ParsedSource, { kind: 'file' }>,
  options: RemoteFilesOptions = {},
): Promise<RemoteFiles> {
  return source.kind === 'hub' ? openHubFiles(source, options) : openServerFiles(source.url, options);
}

async function openHubFiles(
  { repository, revision }: { repository: string; revision?: string },
  { sha256 = {}, ...options }: RemoteFilesOptions,
): Promise<RemoteFiles> {
  const download = downloadOptions(options, options.accessToken ?? environment('HF_TOKEN'));
  const listing = await listHubModel({ repository, revision, endpoint: options.endpoint }, download);
  const fetched: FetchedFile[] = [];
  return {
    name: `${repository}${revision ? `@${revision}` : ''}`,
    async read(name) {
      const found = listing.files.find((file) => file.name === name);
      if (!found) return undefined;
      const pin = pinOf(sha256, name);
      if (pin !== undefined && found.sha256 !== undefined && pin !== found.sha256) {
        throw new SourceError(
          `${repository} has ${name} with SHA-256 ${found.sha256}, but ${pin} is expected.`,
        );
      }
      const file = await fetchHubFile(listing, { ...found, sha256: found.sha256 ?? pin }, download);
      fetched.push(file);
      return file.bytes;
    },
    keep: () => keepAll(fetched),
  };
}

function openServerFiles(url: string, { sha256 = {}, ...options }: RemoteFilesOptions): RemoteFiles {
  const folder = new URL(url);
  if (!folder.pathname.endsWith('/')) folder.pathname += '/';
  const download = downloadOptions(options, options.accessToken);
  const fetched: FetchedFile[] = [];
  return {
    name: url,
    async read(name) {
      const address = new URL(name, folder);
      address.search = folder.search;
      const key = `url/${address.host}${address.pathname}${address.search}`;
      try {
        const file = await fetchCached(address.href, key, { ...download, sha256: pinOf(sha256, name) });
        fetched.push(file);
        return file.bytes;
      } catch (error) {
        if (error instanceof SourceError && /\((404|410)\)/.test(error.message)) return undefined;
        throw error;
      }
    },
    keep: () => keepAll(fetched),
  };
}

function pinOf(pins: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(pins, name) ? checkSha256(pins[name]) : undefined;
}

async function keepAll(files: readonly FetchedFile[]): Promise<void> {
  for (const file of files) await file.keep();
}
