import { concat } from '../concat.js';
import { digest } from './cache.js';
import { SourceError } from './source-error.js';

/** How far a download is. */
export interface DownloadProgress {
  url: string;
  /** Bytes that are here. */
  loaded: number;
  /** Bytes of the whole, where it is known. */
  total?: number;
}

/** How a download is made. */
export interface DownloadOptions {
  headers?: Record<string, string>;
  /** The ETag of what is here already: nothing is downloaded while it is the same. */
  knownEtag?: string;
  /** What the file must have. */
  size?: number;
  sha256?: string;
  /** Git's id of the file's content, where there is no SHA-256. */
  gitBlob?: string;
  onProgress?(progress: DownloadProgress): void;
  signal?: AbortSignal;
  /** Instead of the global fetch. */
  fetch?: typeof fetch;
  /** Milliseconds before the first of three further tries; doubled for each. Default 500. */
  retryDelay?: number;
  /** Milliseconds without a byte after which a try has failed. Default 60,000. */
  stallTimeout?: number;
}

/** What came. */
export interface Download {
  bytes: Uint8Array;
  etag?: string;
}

const TRIES = 4;
// What a Uint8Array can hold on every engine.
const MAX_BYTES = 2 ** 31 - 1;

/**
 * Downloads a file into memory. A broken connection, a body that ends early and a busy server (429, 5xx) are tried again,
 * going on where it broke off as long as it is the same file (its ETag); sizes and checksums are checked at the end.
 * @returns The bytes, or undefined when the server says that `knownEtag` is still the file's.
 * @throws SourceError that says what the server answered, and what to do; the signal's reason when it is aborted.
 */
export async function download(url: string, options: DownloadOptions = {}): Promise<Download | undefined> {
  const transfer = new Transfer(url, options);
  let failure: unknown;
  for (let attempt = 0; attempt < TRIES; attempt++) {
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
      if (error.restart) transfer.restart();
    }
  }
  throw new SourceError(`${url} could not be downloaded in ${TRIES} tries: ${(failure as Error).message}.`, {
    cause: failure,
  });
}

/** Something that may pass: worth another try. */
class TransferError extends Error {
  constructor(
    message: string,
    readonly restart = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

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

  /** One try. */
  async run(): Promise<'done' | 'unchanged'> {
    // Only a strong ETag says that the rest belongs to what is here.
    const resumable = this.#loaded > 0 && this.etag !== undefined && !this.etag.startsWith('W/');
    if (this.#loaded > 0 && !resumable) this.restart();
    const stall = new Stall(this.#options);
    try {
      const response = await this.#request(stall, resumable);
      if (response.status === 304) return 'unchanged';
      await this.#begin(response);
      await this.#receive(response, stall);
      return 'done';
    } finally {
      stall.clear();
    }
  }

  async #request(stall: Stall, resumable: boolean): Promise<Response> {
    const { headers, knownEtag, fetch = globalThis.fetch } = this.#options;
    try {
      return await fetch(this.#url, {
        signal: stall.signal,
        headers: {
          ...headers,
          ...(resumable
            ? { range: `bytes=${this.#loaded}-`, 'if-range': this.etag! }
            : knownEtag !== undefined && { 'if-none-match': knownEtag }),
        },
      });
    } catch (error) {
      throw new TransferError(stall.explain(error), false, { cause: error });
    }
  }

  /** Checks the answer's head. */
  async #begin(response: Response): Promise<void> {
    const { status } = response;
    if (status === 206 && this.#loaded > 0) {
      const from = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
      if (Number(from) === this.#loaded) return;
      await response.body?.cancel();
      throw new TransferError('the server went on at another place than asked for', true);
    }
    if (status === 200) {
      this.restart();
      this.etag = response.headers.get('etag') ?? undefined;
      return;
    }
    await response.body?.cancel();
    if (status === 416) throw new TransferError('the server has another file by now', true);
    if (status === 408 || status === 429 || status >= 500)
      throw new TransferError(`the server answers ${status} (${response.statusText || 'busy'})`);
    throw new SourceError(`${this.#url} cannot be downloaded: ${meaning(status)}.`);
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
        throw new TransferError(`more than ${most} bytes came, which is more than there should be`, true);
      }
      onProgress?.({ url: this.#url, loaded: this.#loaded, total });
    }
    if (total !== undefined && this.#loaded < total)
      throw new TransferError(`the connection ended after ${this.#loaded} of ${total} bytes`);
  }
}

/** Aborts a try that gets no bytes any more. */
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
    if (this.#controller.signal.aborted) return 'the server sent nothing for too long';
    const { message, cause } = error as Error & { cause?: Error };
    return [message, cause?.message].filter(Boolean).join(': ');
  }
}

/** The bytes of the whole file, where the answer says so in bytes of the file itself. */
function totalOf(response: Response, loaded: number): number | undefined {
  if (response.headers.get('content-encoding')) return undefined;
  const length = response.headers.get('content-length');
  return length === null ? undefined : loaded + Number(length);
}

function meaning(status: number): string {
  if (status === 404 || status === 410) return `there is no such file (${status})`;
  if (status === 401 || status === 403)
    return `the server refuses it (${status}); give an accessToken if it is private`;
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
    const timer = setTimeout(done, milliseconds);
    function done() {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }
    function aborted() {
      clearTimeout(timer);
      reject(signal!.reason);
    }
    if (signal?.aborted) aborted();
    else signal?.addEventListener('abort', aborted, { once: true });
  });
}
