import { createHash } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { extname } from 'node:path';
import { writeAllSync, writeFileAtomicSync } from '@unitsphere/core/disk';
import type { RgbImage } from '@unitsphere/images';
import sharp from 'sharp';
import { Header } from 'tar';
import type { EncodedImages } from './encoded/encoded-images.js';
import { decodeRegion, regionAt } from './encoded/image-region.js';
import { imageCount } from './encoded/image-table.js';
import { openReader } from './encoded/open-reader.js';
import { nameAt, nameBytes } from './encoded/packed-names.js';
import { packRecord } from './recordio/record.js';
import { RecordFile } from './recordio/record-file.js';

/** Options of {@link packImages}. */
export interface PackOptions {
  /** Called with the number of images that are written. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Images between two notes of the progress on the disk. */
const NOTE_EVERY = 1000;
const BLOCK = 512;

/** The progress of a packing, kept beside the unfinished archive. */
interface Progress {
  /** Hash of what is packed. */
  readonly content: string;
  readonly images: number;
  readonly bytes: number;
}

/**
 * Packs images into one file, in the order of their table, without decoding them. A region of an image is cut out, and packed as PNG.
 *
 * `NAME.tar` has each image as `IDENTITY/NAME.EXTENSION`, and its identity again in a `.json` file, as `listShards` reads it.
 * `NAME.rec` has them as mxnet's `im2rec` packs them, with `NAME.idx`, and `NAME.lst` with the names. An interrupted packing is
 * continued by the same call: the archive gets its name only when it is complete.
 *
 * @throws Error if the name ends in neither `.tar` nor `.rec`, or an image cannot be read.
 */
export async function packImages(
  images: EncodedImages,
  file: string,
  options: PackOptions = {},
): Promise<void> {
  const extension = extname(file).toLowerCase();
  if (extension !== '.tar' && extension !== '.rec') {
    throw new Error(`"${file}" is neither a .tar nor a .rec file; give the archive one of these extensions.`);
  }
  const isTar = extension === '.tar';
  const partial = `${file}.partial`;
  const note = `${partial}.json`;
  const count = imageCount(images.table);
  const reader = openReader(images);
  const content = describeContent(images);
  const known = readProgress(note, content);
  const fd = openSync(partial, known ? 'r+' : 'w+');
  try {
    let bytes = known?.bytes ?? 0;
    ftruncateSync(fd, bytes);
    const entries = entriesOf(images);
    let done = 0;
    for (const { identity, label, id, image } of entries) {
      if (done++ < (known?.images ?? 0)) continue;
      const encoded = await reader.read(image);
      const region = regionAt(images.regions, image);
      const data = region ? await encodePng(await decodeRegion(encoded, region)) : encoded;
      const ending = region ? '.png' : extname(id).toLowerCase() || '.jpg';
      const packed = isTar
        ? packSample(data, image, identity, { id, extension: ending })
        : packRecord({ labels: [label], image: data }, image);
      writeAllSync(fd, packed, bytes);
      bytes += packed.length;
      if (done % NOTE_EVERY !== 0 && done !== count) continue;
      fsyncSync(fd);
      writeFileAtomicSync(note, JSON.stringify({ content, images: done, bytes } satisfies Progress), {
        syncFolder: false,
      });
      options.onProgress?.(done, count);
    }
    if (isTar) writeAllSync(fd, new Uint8Array(2 * BLOCK), bytes);
    else writeLists(images, file, fd);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
    reader.close();
  }
  renameSync(partial, file);
  rmSync(note);
}

function encodePng({ data, width, height }: RgbImage): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

function* entriesOf({
  table,
}: EncodedImages): Generator<{ identity: string; label: number; id: string; image: number }> {
  for (let label = 0; label + 1 < table.starts.length; label++) {
    const identity = nameAt(table.identities, label);
    for (let image = table.starts[label]; image < table.starts[label + 1]; image++) {
      yield { identity, label, id: nameAt(table.ids, image), image };
    }
  }
}

/** Returns a hash of the names and the signatures of the images. */
function describeContent(images: EncodedImages): string {
  const hash = createHash('sha256').update(images.place ?? '');
  const reader = openReader(images);
  for (const { identity, image } of entriesOf(images)) {
    hash.update(`${identity}\n${reader.signature(image) ?? ''}\n`).update(nameBytes(images.table.ids, image));
  }
  reader.close();
  return hash.digest('hex');
}

function readProgress(note: string, content: string): Progress | undefined {
  try {
    const progress = JSON.parse(readFileSync(note, 'utf8')) as Progress;
    return progress.content === content ? progress : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the files of a sample as a part of a tar archive. */
function packSample(
  data: Uint8Array,
  image: number,
  identity: string,
  { id, extension }: { id: string; extension: string },
): Uint8Array {
  // The number keeps keys unique, and the samples in order.
  const key = `${String(image).padStart(9, '0')}`;
  return Buffer.concat([
    packFile(`${key}${extension}`, data),
    packFile(`${key}.json`, Buffer.from(JSON.stringify({ identity, id }))),
  ]);
}

function packFile(path: string, data: Uint8Array): Buffer {
  const block = Buffer.alloc(BLOCK);
  new Header({ path, size: data.length, type: 'File', mode: 0o644, mtime: new Date(0) }).encode(block);
  return Buffer.concat([block, data, Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK)]);
}

/** Writes `NAME.idx` and `NAME.lst` of a finished `NAME.rec`. */
function writeLists(images: EncodedImages, file: string, fd: number): void {
  const stem = file.replace(/\.rec$/i, '');
  const { size } = fstatSync(fd);
  const records = new RecordFile(fd, size);
  const index: string[] = [];
  for (let offset = 0; offset < size; ) {
    const found = records.describe(offset);
    if (typeof found === 'string') throw new Error(`"${file}" was damaged while it was written: ${found}.`);
    index.push(`${index.length}\t${offset}\n`);
    offset += found.length;
  }
  writeFileAtomicSync(`${stem}.idx`, index.join(''));
  const lines: string[] = [];
  for (const { identity, label, id, image } of entriesOf(images)) {
    // A path below the identity, from which it gets its name.
    const path =
      id.startsWith(`${identity}/`) && !id.slice(identity.length + 1).includes('/')
        ? id
        : `${identity}/${image}`;
    lines.push(`${image}\t${label}.000000\t${path}\n`);
  }
  writeFileAtomicSync(`${stem}.lst`, lines.join(''));
}
