import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise } from 'yauzl';
import { InstallError } from './install-error.js';

/** The library and the headers that tfjs-node's binding includes, directly and through one another. */
const WANTED = [
  /^tensorflow\/libtensorflow_(cc|framework)\.(so\.2|2\.dylib)$/,
  /^tensorflow\/include\/tensorflow\/c\/(eager\/)?[a-z_]+\.h$/,
  /^tensorflow\/include\/(tensorflow\/core|tsl|xla\/tsl)\/(platform|c)\/[a-z_]+\.h$/,
];

/** What was unpacked of a wheel. */
export interface UnpackedWheel {
  /** Its folder `tensorflow`, which holds the library. */
  libraries: string;
  /** The folder of the headers. */
  include: string;
  /** The wheel's description of itself. */
  metadata: string;
}

/**
 * Unpacks libtensorflow and its C headers from a wheel, and checks them against the hashes that the wheel records.
 * @throws InstallError when the file is no wheel of TensorFlow's or is damaged.
 */
export async function unpackWheel(file: string, folder: string): Promise<UnpackedWheel> {
  const broken = (why: string, cause?: unknown) =>
    new InstallError(
      `${basename(file)} cannot be used: ${why}.`,
      'Give a wheel of tensorflow or tensorflow-cpu for this machine.',
      { cause },
    );
  const zip = await openPromise(file, { autoClose: false }).catch((cause: Error) => {
    throw broken(`it is no zip file (${cause.message})`, cause);
  });
  try {
    const wanted: Entry[] = [];
    const about: Record<string, string> = {};
    for await (const entry of zip.eachEntry()) {
      const [, name] = /^[^/]+\.dist-info\/(RECORD|METADATA)$/.exec(entry.fileName) ?? [];
      if (name) about[name] = await text(await zip.openReadStreamPromise(entry));
      else if (WANTED.some((pattern) => pattern.test(entry.fileName))) wanted.push(entry);
    }
    if (wanted.filter(({ fileName }) => basename(fileName).startsWith('libtensorflow')).length !== 2) {
      throw broken('it holds no libtensorflow_cc and libtensorflow_framework');
    }
    const recorded = recordedHashes(about['RECORD'] ?? '');
    for (const entry of wanted) {
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
        throw broken(`${entry.fileName} in it is damaged`);
      }
    }
    const libraries = join(folder, 'tensorflow');
    return { libraries, include: join(libraries, 'include'), metadata: about['METADATA'] ?? '' };
  } finally {
    zip.close();
  }
}

/** The SHA-256 of each file, as a wheel's RECORD has it: base64url without padding. */
function recordedHashes(record: string): Map<string, string> {
  const lines = record.matchAll(/^"?(.+?)"?,sha256=([\w-]+),\d*\r?$/gm);
  return new Map([...lines].map(([, name, hash]) => [name, hash]));
}
