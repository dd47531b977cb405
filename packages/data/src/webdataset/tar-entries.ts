import { readSync } from 'node:fs';
import { Header, Pax } from 'tar';

/** A file in a tar archive. */
export interface TarEntry {
  readonly path: string;
  /** Offset of its content in the archive, and its size in bytes. */
  readonly offset: number;
  readonly size: number;
}

/** An entry that is not used, or the end of a damaged archive. */
export interface RefusedEntry {
  readonly path: string;
  readonly reason: string;
}

const BLOCK = 512;
/** Bytes that are read at once: small files and their headers lie close together. */
const READ_AHEAD = 2 ** 16;
/** Longest extended header. Real ones have a path of a few hundred bytes. */
const LONGEST_EXTENSION = 2 ** 20;

/**
 * Yields the files of a tar archive (ustar, pax and GNU) without reading their content. Nothing is ever unpacked, and what an
 * unpacked archive could abuse is refused: absolute paths, paths that leave the folder, links, devices.
 * @param size Size of the archive in bytes.
 */
export function* tarEntries(fd: number, size: number): Generator<TarEntry | RefusedEntry> {
  const window = new Window(fd, size);
  let longPath: string | undefined;
  let extended: Pax | undefined;
  let shared: Pax | undefined;
  for (let at = 0; at + BLOCK <= size; ) {
    const block = window.read(at, BLOCK);
    if (block.every((byte) => byte === 0)) return;
    const damaged = (reason: string): RefusedEntry => ({ path: `byte ${at}`, reason });
    let header: Header;
    try {
      header = new Header(block, 0, extended, shared);
    } catch (error) {
      yield damaged(
        `the header is damaged (${(error as Error).message}); the rest of the archive is not read`,
      );
      return;
    }
    if (!header.cksumValid) {
      yield damaged('the checksum of the header is wrong; the rest of the archive is not read');
      return;
    }
    const length = header.size ?? 0;
    const offset = at + BLOCK;
    if (!Number.isSafeInteger(length) || length < 0 || offset + length > size) {
      yield damaged(`the archive ends inside "${longPath ?? header.path}"`);
      return;
    }
    at = offset + Math.ceil(length / BLOCK) * BLOCK;
    const { type } = header;
    if (type === 'ExtendedHeader' || type === 'GlobalExtendedHeader' || type === 'NextFileHasLongPath') {
      if (length > LONGEST_EXTENSION) {
        yield damaged(`an extended header has ${length} bytes; the rest of the archive is not read`);
        return;
      }
      const text = Buffer.from(window.read(offset, length)).toString('utf8');
      if (type === 'NextFileHasLongPath') longPath = text.replace(/\0.*$/s, '');
      else if (type === 'ExtendedHeader') extended = Pax.parse(text, extended, false);
      else shared = Pax.parse(text, shared, true);
      continue;
    }
    const path = longPath ?? header.path ?? '';
    [longPath, extended] = [undefined, undefined];
    if (type === 'Directory' || type === 'NextFileHasLongLinkpath') continue;
    const reason = refusalOf(path, type);
    yield reason === undefined
      ? { path: path.replace(/^(\.\/)+/, ''), offset, size: length }
      : { path, reason };
  }
}

/** Returns why an entry is refused; undefined if it is not. */
function refusalOf(path: string, type: string): string | undefined {
  if (type !== 'File' && type !== 'OldFile' && type !== 'ContiguousFile') {
    return `refused: an entry of the type ${type}, not a file`;
  }
  if (path === '' || path.includes('\0')) return 'refused: an entry without a valid path';
  if (/^([/\\]|[A-Za-z]:)/.test(path)) return 'refused: an absolute path';
  if (path.split(/[/\\]/).includes('..')) return 'refused: a path that leaves the folder';
  return undefined;
}

/** Reads an archive in pieces, into one buffer: a large archive has many, which would wait for the garbage collector. */
class Window {
  #buffer = new Uint8Array(READ_AHEAD);
  #bytes = this.#buffer.subarray(0, 0);
  #start = 0;

  readonly #fd: number;
  readonly #size: number;

  constructor(fd: number, size: number) {
    this.#fd = fd;
    this.#size = size;
  }

  /** Returns bytes that are within the archive; fewer if the file has become shorter. Valid until the next call. */
  read(at: number, length: number): Buffer {
    if (at < this.#start || at + length > this.#start + this.#bytes.length) {
      if (length > this.#buffer.length) this.#buffer = new Uint8Array(length);
      const bytes = this.#buffer.subarray(0, this.#size - at);
      let done = 0;
      while (done < bytes.length) {
        const count = readSync(this.#fd, bytes, done, bytes.length - done, at + done);
        if (count === 0) break;
        done += count;
      }
      [this.#bytes, this.#start] = [bytes, at];
    }
    const from = at - this.#start;
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + from, length);
  }
}
