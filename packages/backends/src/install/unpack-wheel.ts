import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise } from 'yauzl';
import { InstallError } from './install-error.js';

/** Paths of the library, and of the headers that tfjs-node's binding includes directly or indirectly. */
const REQUIRED = [
  /^tensorflow\/libtensorflow_(cc|framework)\.(so\.2|2\.dylib)$/,
  /^tensorflow\/include\/tensorflow\/c\/(eager\/)?[a-z_]+\.h$/,
  /^tensorflow\/include\/(tensorflow\/core|tsl|xla\/tsl)\/(platform|c)\/[a-z_]+\.h$/,
];

/** Limit of RECORD and METADATA, which are read into memory. TensorFlow's RECORD has 2 MB. */
const MAX_INFO_BYTES = 64e6;

/** Unpacked content of a wheel. */
export interface UnpackedWheel {
  /** Folder `tensorflow`, which contains the library. */
  libraries: string;
  /** Folder of the headers. */
  include: string;
  /** The wheel's METADATA file. */
  metadata: string;
}

/**
 * Unpacks libtensorflow and its C headers from a wheel, and checks them against the SHA-256 hashes in the wheel's RECORD.
 * @throws InstallError if the file is not a wheel of TensorFlow or is damaged.
 */
export async function unpackWheel(file: string, folder: string): Promise<UnpackedWheel> {
  const unusable = (why: string, cause?: unknown) =>
    new InstallError(
      `${basename(file)} cannot be used: ${why}.`,
      'Pass a wheel of tensorflow or tensorflow-cpu for this machine.',
      { cause },
    );
  const zip = await openPromise(file, { autoClose: false }).catch((cause: Error) => {
    throw unusable(`it is not a zip file (${cause.message})`, cause);
  });
  try {
    const entries: Entry[] = [];
    const info: Record<string, string> = {};
    for await (const entry of zip.eachEntry()) {
      const [, name] = /^[^/]+\.dist-info\/(RECORD|METADATA)$/.exec(entry.fileName) ?? [];
      if (name) {
        if (entry.uncompressedSize > MAX_INFO_BYTES) {
          throw unusable(`its ${name} has ${Math.round(entry.uncompressedSize / 1e6)} MB, as in no wheel`);
        }
        info[name] = await text(await zip.openReadStreamPromise(entry));
      } else if (REQUIRED.some((pattern) => pattern.test(entry.fileName))) entries.push(entry);
    }
    if (entries.filter(({ fileName }) => basename(fileName).startsWith('libtensorflow')).length !== 2) {
      throw unusable('it does not contain libtensorflow_cc and libtensorflow_framework');
    }
    const recorded = parseRecord(info['RECORD'] ?? '');
    for (const entry of entries) {
      const target = join(folder, entry.fileName);
      await mkdir(dirname(target), { recursive: true });
      const hash = createHash('sha256');
      const hashed = new Transform({
        transform(chunk, _encoding, done) {
          hash.update(chunk);
          done(null, chunk);
        },
      });
      await pipeline(await zip.openReadStreamPromise(entry), hashed, createWriteStream(target));
      if (recorded.get(entry.fileName) !== hash.digest('base64url')) {
        throw unusable(`its file ${entry.fileName} is damaged`);
      }
    }
    const libraries = join(folder, 'tensorflow');
    return { libraries, include: join(libraries, 'include'), metadata: info['METADATA'] ?? '' };
  } catch (error) {
    // A zip whose entries lie about themselves.
    if (error instanceof InstallError || (error as NodeJS.ErrnoException).code) throw error;
    throw unusable(`it is damaged (${(error as Error).message})`, error);
  } finally {
    zip.close();
  }
}

/** Parses a wheel's RECORD. @returns The SHA-256 of each file, in base64url without padding. */
function parseRecord(record: string): Map<string, string> {
  const lines = record.matchAll(/^"?(.+?)"?,sha256=([\w-]+),\d*\r?$/gm);
  return new Map([...lines].map(([, name, hash]) => [name, hash]));
}
