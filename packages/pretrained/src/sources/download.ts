import { concat } from '../concat.js';
import { ByteRateGuard } from './byte-rate.js';
import { digest } from './cache.js';
import type { PartialFile } from './partial-file.js';
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
  /** Milliseconds without data after which an attempt fails; also the window of `minRate`. Default: 60,000. */
  stallTimeout?: number;
  /** Bytes per second below which an attempt fails, as a mean over `stallTimeout`. Default: 1024. */
  minRate?: number;
  /** Milliseconds after which the whole download fails, with all its attempts. Default: 6 hours. */
  timeout?: number;
  /** Limit of the file's size, in bytes. Default: 2^31 − 1. */
  maxBytes?: number;
  /** Keeps the received bytes for a later process. */
  partial?: PartialFile;
  /** Called if `partial` cannot be written. */
  onPartialError?(error: unknown): void;
}

/** Downloaded file. */
export interface Download {
  bytes: Uint8Array;
  etag?: string;
}

const ATTEMPTS = 4;
// The largest Uint8Array that every engine supports.
const MAX_BYTES = 2 ** 31 - 1;
const TIMEOUT = 6 * 3600 * 1000;

/**
 * Downloads a file into memory. Retries after a broken connection, a body that ends early, a transfer that is too slow, and a
 * busy server (429, 5xx); it resumes where it stopped, or where `partial` ends, if the file's ETag is unchanged. Verifies
 * sizes and checksums at the end.
 * @returns The file, or undefined if the server still has `knownEtag`.
 * @throws SourceError with the server's answer and what to do; the signal's reason if it is aborted.
 */
export async function download(url: string, options: DownloadOptions = {}): Promise<Download | undefined> {
  const { timeout = TIMEOUT } = options;
  const deadline = new AbortController();
  const timer = setTimeout(() => {
    deadline.abort(
      new SourceError(
        `${url} could not be downloaded within ${timeout / 1000} s. Set "timeout" to allow more time.`,
      ),
    );
  }, timeout);
  const signal = options.signal ? AbortSignal.any([options.signal, deadline.signal]) : deadline.signal;
  const transfer = new Transfer(url, { ...options, signal });
  let isPartUseful = false;
  try {
    await transfer.loadPart();
    let failure: unknown;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) await wait((options.retryDelay ?? 500) * 2 ** (attempt - 1), signal);
      try {
        if ((await transfer.run()) === 'unchanged') return undefined;
        const bytes = transfer.bytes();
        await checkContent(url, bytes, options);
        return { bytes, etag: transfer.etag };
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof TransferError)) throw error;
        failure = error;
        if (error.mustRestart) transfer.restart();
      }
    }
    isPartUseful = !(failure as TransferError).mustRestart;
    throw new SourceError(
      `${url} could not be downloaded in ${ATTEMPTS} attempts: ${(failure as Error).message}.`,
      { cause: failure },
    );
  } finally {
    clearTimeout(timer);
    await transfer.endPart(isPartUseful || signal.aborted);
  }
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
  /** Size of the whole file, if known. */
  #total?: number;
  /** Whether a later request can continue at `#loaded`. */
  #isResumable = false;
  #partial?: PartialFile;

  readonly #url: string;
  readonly #options: DownloadOptions;

  constructor(url: string, options: DownloadOptions) {
    this.#url = url;
    this.#options = options;
    this.#partial = options.partial;
  }

  restart(): void {
    this.#chunks = [];
    this.#loaded = 0;
    this.#total = undefined;
    this.#isResumable = false;
    this.etag = undefined;
  }

  bytes(): Uint8Array {
    return concat(this.#chunks);
  }

  /** Continues with the bytes that an earlier process received. */
  async loadPart(): Promise<void> {
    await this.#withPart(async (partial) => {
      const part = await partial.read();
      if (!part) return;
      this.#chunks = [part.bytes];
      this.#loaded = part.bytes.byteLength;
      this.#total = part.total;
      this.etag = part.etag;
      this.#isResumable = true;
    });
  }

  /** Closes the part. @param isUseful Whether a later download can continue it; otherwise it is deleted. */
  async endPart(isUseful: boolean): Promise<void> {
    await this.#withPart((partial) =>
      isUseful && this.#isResumable && this.#loaded > 0 ? partial.close() : partial.remove(),
    );
  }

  /** Makes one attempt. */
  async run(): Promise<'done' | 'unchanged'> {
    const resumeEtag = this.#loaded > 0 && this.#isResumable ? this.etag : undefined;
    if (resumeEtag === undefined) this.restart();
    const { stallTimeout = 60_000, minRate = 1024 } = this.#options;
    const rate = new ByteRateGuard({ window: stallTimeout, minRate });
    try {
      const response = await this.#request(rate, resumeEtag);
      if (response.status === 304) return 'unchanged';
      await this.#begin(response);
      await this.#receive(response, rate);
      return 'done';
    } finally {
      rate.stop();
    }
  }

  async #request(rate: ByteRateGuard, resumeEtag: string | undefined): Promise<Response> {
    const { headers, knownEtag, signal, fetch = globalThis.fetch } = this.#options;
    try {
      return await fetch(this.#url, {
        signal: signal ? AbortSignal.any([signal, rate.signal]) : rate.signal,
        headers: {
          ...headers,
          // Sizes and ranges of a compressed response are not those of the file. Browsers ignore this header.
          'accept-encoding': 'identity',
          ...(resumeEtag !== undefined
            ? { range: `bytes=${this.#loaded}-`, 'if-range': resumeEtag }
            : knownEtag !== undefined && { 'if-none-match': knownEtag }),
        },
      });
    } catch (error) {
      throw new TransferError(rate.problem ?? describeError(error), false, { cause: error });
    }
  }

  /** Checks the status and headers of the response. */
  async #begin(response: Response): Promise<void> {
    const { status, headers } = response;
    if (status === 206 && this.#loaded > 0) {
      const problem = this.#findResumeProblem(headers);
      if (problem === undefined) return;
      await response.body?.cancel();
      throw new TransferError(problem, true);
    }
    if (status === 200) {
      this.restart();
      this.etag = headers.get('etag') ?? undefined;
      this.#total = totalOf(headers);
      // Only a strong ETag guarantees that the rest belongs to the received bytes.
      this.#isResumable =
        this.etag !== undefined && !this.etag.startsWith('W/') && !headers.get('content-encoding');
      const { etag } = this;
      if (this.#isResumable && etag !== undefined)
        await this.#withPart((partial) => partial.begin(etag, this.#total));
      return;
    }
    await response.body?.cancel();
    if (status === 416) throw new TransferError('the file on the server has changed', true);
    if (status === 408 || status === 429 || status >= 500)
      throw new TransferError(`the server answers ${status} (${response.statusText || 'busy'})`);
    throw new SourceError(`${this.#url} cannot be downloaded: ${explainStatus(status)}.`);
  }

  /** Returns why a partial response does not continue the received bytes; undefined if it does. */
  #findResumeProblem(headers: Headers): string | undefined {
    const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? [];
    if (Number(from) !== this.#loaded) return 'the server did not resume at the requested position';
    // Some servers ignore If-Range, and continue with the bytes of another file.
    if (headers.get('etag') !== this.etag) return 'the server resumed another version of the file';
    if (headers.get('content-encoding')) return 'the server resumed with compressed bytes';
    const size = total === '*' ? undefined : Number(total);
    if (this.#total !== undefined && size !== undefined && size !== this.#total)
      return `the server resumed a file of ${size} bytes instead of ${this.#total}`;
    this.#total ??= size;
    return undefined;
  }

  async #receive(response: Response, rate: ByteRateGuard): Promise<void> {
    const { onProgress, size, maxBytes = MAX_BYTES } = this.#options;
    const total = this.#total;
    const most = Math.min(size ?? total ?? maxBytes, maxBytes);
    try {
      if (total !== undefined && size !== undefined && total !== size)
        throw new TransferError(`it has ${total} bytes, but ${size} are expected`, true);
      this.#checkLimit(Math.max(total ?? 0, size ?? 0));
    } catch (error) {
      await response.body?.cancel();
      throw error;
    }
    onProgress?.({ url: this.#url, loaded: this.#loaded, total });
    const reader = response.body?.getReader();
    while (reader) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw new TransferError(rate.problem ?? describeError(error), false, { cause: error });
      });
      if (done) break;
      rate.count(value.byteLength);
      this.#chunks.push(value);
      this.#loaded += value.byteLength;
      if (this.#loaded > most) {
        await reader.cancel();
        this.#checkLimit(this.#loaded);
        throw new TransferError(`the server sent more than the expected ${most} bytes`, true);
      }
      if (this.#isResumable) await this.#withPart((partial) => partial.append(value));
      onProgress?.({ url: this.#url, loaded: this.#loaded, total });
    }
    if (total !== undefined && this.#loaded < total)
      throw new TransferError(`the connection ended after ${this.#loaded} of ${total} bytes`);
  }

  /** @throws SourceError if a file of this size is larger than the limit. A retry cannot change that. */
  #checkLimit(bytes: number): void {
    const { maxBytes = MAX_BYTES } = this.#options;
    if (bytes > maxBytes) {
      throw new SourceError(
        `${this.#url} cannot be downloaded: the file has more than ${maxBytes} bytes. Set "maxBytes" to allow more, at most ${MAX_BYTES}.`,
      );
    }
  }

  /** Uses the part on disk. If that fails, the download continues without it. */
  async #withPart(use: (partial: PartialFile) => Promise<void>): Promise<void> {
    const partial = this.#partial;
    if (!partial) return;
    try {
      await use(partial);
    } catch (error) {
      this.#partial = undefined;
      await partial.close().catch(() => undefined);
      this.#options.onPartialError?.(error);
    }
  }
}

function describeError(error: unknown): string {
  const { message, cause } = error as Error & { cause?: Error };
  return [message, cause?.message].filter(Boolean).join(': ');
}

/** Returns the size of the whole file, if the response has it. With a content encoding, its length is another. */
function totalOf(headers: Headers): number | undefined {
  if (headers.get('content-encoding')) return undefined;
  const length = headers.get('content-length');
  return length === null ? undefined : Number(length);
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
