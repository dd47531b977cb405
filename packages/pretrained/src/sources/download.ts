import { concat } from '../concat.js';
import { digest } from './cache.js';
import { SourceError } from './source-error.js';

/** Progress of a download. */
export interface DownloadProgress {
  url: string;
  /** Bytes received so far. */
  loaded: number;
  /** Bytes of the whole file, if known. */
  total?: number;
}

/** Options of {@link download}. */
export interface DownloadOptions {
  headers?: Record<string, string>;
  /** ETag of a cached copy. Nothing is downloaded if the server has the same. */
  knownEtag?: string;
  /** Expected size, in bytes. */
  size?: number;
  /** Expected SHA-256, in hexadecimal. */
  sha256?: string;
  /** Expected Git blob id, if there is no SHA-256. */
  gitBlob?: string;
  onProgress?(progress: DownloadProgress): void;
  signal?: AbortSignal;
  /** Replacement for the global fetch. */
  fetch?: typeof fetch;
  /** Milliseconds before the first of three retries; doubled for each further one. Default: 500. */
  retryDelay?: number;
  /** Milliseconds without data after which an attempt fails. Default: 60,000. */
  stallTimeout?: number;
}

/** Downloaded file. */
export interface Download {
  bytes: Uint8Array;
  etag?: string;
}

const ATTEMPTS = 4;
// The largest Uint8Array that every engine supports.
const MAX_BYTES = 2 ** 31 - 1;

/**
 * Downloads a file into memory. Retries after a broken connection, a body that ends early, and a busy server (429, 5xx); it
 * resumes where it stopped if the file's ETag is unchanged. Verifies sizes and checksums at the end.
 * @returns The file, or undefined if the server still has `knownEtag`.
 * @throws SourceError with the server's answer and what to do; the signal's reason if it is aborted.
 */
export async function download(url: string, options: DownloadOptions = {}): Promise<Download | undefined> {
  const transfer = new Transfer(url, options);
  let failure: unknown;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await wait((options.retryDelay ?? 500) * 2 ** (attempt - 1), options.signal);
    try {
      if ((await transfer.run()) === 'unchanged') return undefined;
      const bytes = transfer.bytes();
      await checkContent(url, bytes, options);
      return { bytes, etag: transfer.etag };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof TransferError)) throw error;
      failure = error;
      if (error.mustRestart) transfer.restart();
    }
  }
  throw new SourceError(
    `${url} could not be downloaded in ${ATTEMPTS} attempts: ${(failure as Error).message}.`,
    {
      cause: failure,
    },
  );
}

/** Thrown for a failure that a retry may fix. */
class TransferError extends Error {
  constructor(
    message: string,
    /** Whether the retry must discard the received bytes. */
    readonly mustRestart = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Download of one file over several attempts. */
class Transfer {
  etag?: string;
  #chunks: Uint8Array[] = [];
  #loaded = 0;

  readonly #url: string;
  readonly #options: DownloadOptions;

  constructor(url: string, options: DownloadOptions) {
    this.#url = url;
    this.#options = options;
  }

  restart(): void {
    this.#chunks = [];
    this.#loaded = 0;
    this.etag = undefined;
  }

  bytes(): Uint8Array {
    return concat(this.#chunks);
  }

  /** Makes one attempt. */
  async run(): Promise<'done' | 'unchanged'> {
    // Only a strong ETag guarantees that the rest belongs to the received bytes.
    const resumeEtag = this.#loaded > 0 && !this.etag?.startsWith('W/') ? this.etag : undefined;
    if (this.#loaded > 0 && resumeEtag === undefined) this.restart();
    const stall = new Stall(this.#options);
    try {
      const response = await this.#request(stall, resumeEtag);
      if (response.status === 304) return 'unchanged';
      await this.#begin(response);
      await this.#receive(response, stall);
      return 'done';
    } finally {
      stall.clear();
    }
  }

  async #request(stall: Stall, resumeEtag: string | undefined): Promise<Response> {
    const { headers, knownEtag, fetch = globalThis.fetch } = this.#options;
    try {
      return await fetch(this.#url, {
        signal: stall.signal,
        headers: {
          ...headers,
          ...(resumeEtag !== undefined
            ? { range: `bytes=${this.#loaded}-`, 'if-range': resumeEtag }
            : knownEtag !== undefined && { 'if-none-match': knownEtag }),
        },
      });
    } catch (error) {
      throw new TransferError(stall.explain(error), false, { cause: error });
    }
  }

  /** Checks the status and headers of the response. */
  async #begin(response: Response): Promise<void> {
    const { status } = response;
    if (status === 206 && this.#loaded > 0) {
      const from = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
      if (Number(from) === this.#loaded) return;
      await response.body?.cancel();
      throw new TransferError('the server did not resume at the requested position', true);
    }
    if (status === 200) {
      this.restart();
      this.etag = response.headers.get('etag') ?? undefined;
      return;
    }
    await response.body?.cancel();
    if (status === 416) throw new TransferError('the file on the server has changed', true);
    if (status === 408 || status === 429 || status >= 500)
      throw new TransferError(`the server answers ${status} (${response.statusText || 'busy'})`);
    throw new SourceError(`${this.#url} cannot be downloaded: ${explainStatus(status)}.`);
  }

  async #receive(response: Response, stall: Stall): Promise<void> {
    const total = totalOf(response, this.#loaded);
    const most = this.#options.size ?? total ?? MAX_BYTES;
    const { onProgress } = this.#options;
    if (total !== undefined && this.#options.size !== undefined && total !== this.#options.size) {
      await response.body?.cancel();
      throw new TransferError(`it has ${total} bytes, but ${this.#options.size} are expected`, true);
    }
    onProgress?.({ url: this.#url, loaded: this.#loaded, total });
    const reader = response.body?.getReader();
    while (reader) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw new TransferError(stall.explain(error), false, { cause: error });
      });
      if (done) break;
      stall.reset();
      this.#chunks.push(value);
      this.#loaded += value.byteLength;
      if (this.#loaded > most) {
        await reader.cancel();
        throw new TransferError(`the server sent more than the expected ${most} bytes`, true);
      }
      onProgress?.({ url: this.#url, loaded: this.#loaded, total });
    }
    if (total !== undefined && this.#loaded < total)
      throw new TransferError(`the connection ended after ${this.#loaded} of ${total} bytes`);
  }
}

/** Aborts an attempt that receives no more data. */
class Stall {
  readonly #controller = new AbortController();
  #timer?: ReturnType<typeof setTimeout>;
  readonly signal: AbortSignal;

  readonly #options: DownloadOptions;

  constructor(options: DownloadOptions) {
    this.#options = options;

    const { signal } = options;
    this.signal = signal ? AbortSignal.any([signal, this.#controller.signal]) : this.#controller.signal;
    this.reset();
  }

  reset(): void {
    this.clear();
    this.#timer = setTimeout(() => this.#controller.abort(), this.#options.stallTimeout ?? 60_000);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  explain(error: unknown): string {
    if (this.#controller.signal.aborted) return 'the server sent no data for too long';
    const { message, cause } = error as Error & { cause?: Error };
    return [message, cause?.message].filter(Boolean).join(': ');
  }
}

/** Returns the size of the whole file, if the response has it. With a content encoding, its length is another. */
function totalOf(response: Response, loaded: number): number | undefined {
  if (response.headers.get('content-encoding')) return undefined;
  const length = response.headers.get('content-length');
  return length === null ? undefined : loaded + Number(length);
}

function explainStatus(status: number): string {
  if (status === 404 || status === 410) return `the file does not exist (${status})`;
  if (status === 401 || status === 403)
    return `the server denies access (${status}); set an accessToken if it is private`;
  return `the server answers ${status}`;
}

async function checkContent(
  url: string,
  bytes: Uint8Array,
  { size, sha256, gitBlob }: DownloadOptions,
): Promise<void> {
  if (size !== undefined && bytes.byteLength !== size)
    throw new TransferError(`it has ${bytes.byteLength} bytes, but ${size} are expected`, true);
  if (sha256 !== undefined) {
    const actual = await digest('SHA-256', bytes);
    if (actual !== sha256.toLowerCase())
      throw new TransferError(
        `its SHA-256 is ${actual}, but ${sha256} is expected: ${url} serves another file`,
        true,
      );
  } else if (gitBlob !== undefined) {
    const head = new TextEncoder().encode(`blob ${bytes.byteLength}\0`);
    const actual = await digest('SHA-1', concat([head, bytes]));
    if (actual !== gitBlob)
      throw new TransferError(
        `its Git id is ${actual}, but ${gitBlob} is expected: ${url} serves another file`,
        true,
      );
  }
}

function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
