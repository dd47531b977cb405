import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutate } from '@unitsphere/testing/fuzz/mutate';
import type { FuzzRandom } from '@unitsphere/testing/fuzz/random';
import { readPairFile } from '@unitsphere/verification';
import { openReader } from '../src/encoded/open-reader.js';
import { type FormatSpec, listImages } from '../src/formats.js';

/** Formats that are fed mutated files. */
export const FUZZ_FORMATS = ['rec', 'tar', 'csv', 'parquet', 'bin'] as const;

/** A format's name: the ending of its files. */
export type FuzzFormat = (typeof FUZZ_FORMATS)[number];

/** The files of a format, in tools/golden/files or in packages/verification. */
const FILES: Record<FuzzFormat, readonly string[]> = {
  rec: [
    'archives/train.rec',
    'archives/plain.rec',
    'archives/train.idx',
    'archives/plain.idx',
    'archives/plain.lst',
  ],
  tar: ['archives/shard-000.tar', 'archives/shard-001.tar'],
  csv: [
    'lists/list.csv',
    'lists/windows.csv',
    'lists/imagefolder-csv/metadata.csv',
    'lists/imagefolder-jsonl/metadata.jsonl',
  ],
  parquet: ['none', 'snappy', 'gzip', 'brotli', 'groups', 'plain', 'categories', 'nested'].map(
    (name) => `lists/${name}.parquet`,
  ),
  bin: ['faces.bin', 'faces-python2.bin', 'faces-protocol2.bin', 'faces-arrays.bin'],
};

/** Reads mutated files of one format. */
export class Fuzzer {
  readonly #format: FuzzFormat;
  readonly #originals: ReadonlyMap<string, Uint8Array>;
  readonly #folder: string;

  /**
   * @param repository Folder of the repository.
   * @param folder Folder for the mutated files, which the fuzzer fills.
   */
  constructor(format: FuzzFormat, repository: string, folder: string) {
    this.#format = format;
    this.#folder = folder;
    const golden = format === 'bin' ? 'packages/verification/test/golden' : 'tools/golden/files';
    this.#originals = new Map(
      FILES[format].map((file) => [file, readFileSync(join(repository, golden, file))]),
    );
    // Lists name images, and a .rec has its index beside it.
    const needed = format === 'rec' ? FILES.rec : format === 'csv' || format === 'parquet' ? IMAGES : [];
    for (const file of needed) {
      mkdirSync(join(folder, file, '..'), { recursive: true });
      writeFileSync(join(folder, file), readFileSync(join(repository, golden, file)));
    }
  }

  /** Returns the mutated file of a random generator, and the name of the file that it was made from. */
  input(random: FuzzRandom): { file: string; bytes: Uint8Array } {
    const file = random.pick([...this.#originals.keys()]);
    const bytes = this.#originals.get(file) as Uint8Array;
    return { file, bytes: mutate(bytes, random, [...this.#originals.values()]) };
  }

  /** Reads a mutated file with every image in it. @returns `read`, or `refused` with an error for the user. @throws Error for a fault of the program. */
  async read({ file, bytes }: { file: string; bytes: Uint8Array }): Promise<'read' | 'refused'> {
    if (this.#format === 'bin') {
      return this.#judge(() => readPairFile(bytes), /^(The file|Image|Pair) /);
    }
    const path = join(this.#folder, file);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, bytes);
    try {
      return await this.#judge(
        () => readAll(this.#spec(path)),
        (message) => message.includes(this.#folder),
      );
    } finally {
      writeFileSync(path, this.#originals.get(file) as Uint8Array);
    }
  }

  #spec(path: string): FormatSpec {
    if (this.#format === 'rec') return { kind: 'recordio', path: path.replace(/\.\w+$/, '.rec') };
    if (this.#format === 'tar') return { kind: 'webdataset', path };
    if (path.includes('imagefolder'))
      return { kind: 'folder', dir: fileURLToPath(new URL('.', `file://${path}`)) };
    return { kind: this.#format === 'csv' ? 'csv' : 'parquet', path };
  }

  async #judge(
    read: () => unknown,
    isOurs: RegExp | ((message: string) => boolean),
  ): Promise<'read' | 'refused'> {
    try {
      await read();
      return 'read';
    } catch (error) {
      const { message } = error as Error;
      const isExplained = typeof isOurs === 'function' ? isOurs(message) : isOurs.test(message);
      // A fault of the program is an error of the language, and does not name the file.
      const isFault =
        error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
      if (!isExplained || isFault) throw error;
      return 'refused';
    }
  }
}

async function readAll(spec: FormatSpec): Promise<void> {
  const images = await listImages(spec);
  const reader = openReader(images);
  try {
    for (let image = 0; image < images.table.bytes.length; image++) {
      // An image that cannot be read is left out.
      await reader.read(image).catch(() => {});
    }
  } finally {
    reader.close();
  }
}

const IMAGES = [
  ...['a', 'b', 'c', 'd', 'scene'].map((name) => `lists/images/${name}.png`),
  ...['csv', 'jsonl'].flatMap((kind) =>
    ['a', 'b', 'c', 'd'].map((name) => `lists/imagefolder-${kind}/${name}.png`),
  ),
];
