import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { IMAGE_EXTENSIONS } from '@unitsphere/images';
import { archiveFile } from '../encoded/archive-file.js';
import type { EncodedImages } from '../encoded/encoded-images.js';
import { TableBuilder } from '../encoded/image-table.js';
import { listSkipped } from '../encoded/open-decoded.js';
import { reserve, sharedArray } from '../encoded/packed-names.js';
import type { ArchiveSpec } from '../encoded/reader-specs.js';
import type { SkippedFile } from '../source.js';
import { downloadShard } from './download-shard.js';
import { expandBraces } from './expand-braces.js';
import { type TarEntry, tarEntries } from './tar-entries.js';

/** Longest label or description of a sample that is read. */
const LONGEST_LABEL = 2 ** 16;
const SAMPLES_PER_TURN = 2000;

/**
 * Lists the images of tar shards as WebDataset has them: consecutive files of one name but for their extensions are a sample.
 * The identity of an image is the `identity` of its sample's `.json`, or else the content of its `.cls`, or else its folder. A tar
 * of a folder of images is therefore read like the folder itself.
 *
 * @param path A tar file, a folder of them, an http(s) address, or a pattern such as `train-{000..015}.tar`.
 * @param cacheDir Folder for downloaded shards.
 * @throws Error if a shard cannot be opened, or there are fewer than two identities.
 */
export async function listShards(path: string, cacheDir?: string | false): Promise<EncodedImages> {
  const shards = findShards(path);
  const files: ArchiveSpec['files'][number][] = [];
  for (const shard of shards) {
    files.push(archiveFile(isAddress(shard) ? await downloadShard(shard, cacheDir || undefined) : shard));
  }
  const skipped: SkippedFile[] = [];
  const builder = new TableBuilder();
  let file = new Uint32Array(64);
  let offsets = new Float64Array(64);
  let samples = 0;
  for (const [index, { path: shardPath }] of files.entries()) {
    const shard = shards.length === 1 ? '' : `${shards[index].split(/[/\\]/).at(-1)}/`;
    const fd = openSync(shardPath, 'r');
    try {
      for (const sample of samplesOf(fd, statSync(shardPath).size, shard, skipped)) {
        const identity = identityOf(fd, sample, shard, skipped);
        for (const { path: id, offset, size } of identity === undefined ? [] : sample.images) {
          const position = builder.add(identity as string, shard + id, size);
          file = reserve(file, position + 1);
          offsets = reserve(offsets, position + 1);
          file[position] = index;
          offsets[position] = offset;
        }
        if (++samples % SAMPLES_PER_TURN === 0) await new Promise((resolve) => setTimeout(resolve));
      }
    } finally {
      closeSync(fd);
    }
  }
  const { table, order } = builder.finish('as-added');
  const identities = table.starts.length - 1;
  if (identities < 2) {
    throw new Error(
      `"${path}" has ${builder.count} images of ${identities} identities; at least 2 identities are required. ${listSkipped(skipped)}`,
    );
  }
  const [ordered, from] = [sharedArray(Uint32Array, order.length), sharedArray(Float64Array, order.length)];
  for (let i = 0; i < order.length; i++) {
    ordered[i] = file[order[i]];
    from[i] = offsets[order[i]];
  }
  return {
    name: `the tar shards "${path}"`,
    place: `webdataset ${isAddress(path) ? path : resolve(path)}`,
    table,
    reader: { kind: 'archive', files, file: ordered, offsets: from },
    skipped,
  };
}

const isAddress = (path: string) => /^https?:\/\//i.test(path);

function findShards(path: string): string[] {
  const shards = expandBraces(path);
  if (shards.length > 1 || isAddress(path)) return shards;
  const info = statSync(path, { throwIfNoEntry: false });
  if (!info)
    throw new Error(
      `The file "${path}" does not exist. Give the path of a tar file, or of a folder of them.`,
    );
  if (!info.isDirectory()) return [path];
  const found = readdirSync(path).filter((name) => name.endsWith('.tar'));
  if (found.length === 0) throw new Error(`The folder "${path}" contains no .tar files.`);
  return found.sort().map((name) => join(path, name));
}

/** The files of a sample. */
interface Sample {
  readonly key: string;
  readonly images: TarEntry[];
  /** The other files, by extension. */
  readonly others: Map<string, TarEntry>;
}

function* samplesOf(fd: number, size: number, shard: string, skipped: SkippedFile[]): Generator<Sample> {
  let sample: Sample | undefined;
  for (const entry of tarEntries(fd, size)) {
    if ('reason' in entry) {
      skipped.push({ file: shard + entry.path, reason: entry.reason });
      continue;
    }
    const folder = entry.path.lastIndexOf('/') + 1;
    const name = entry.path.slice(folder);
    // Hidden files, such as those that macOS adds, belong to no sample.
    if (name === '' || name.startsWith('.')) continue;
    const dot = name.indexOf('.');
    const key = entry.path.slice(0, dot < 0 ? entry.path.length : folder + dot);
    if (sample && key !== sample.key) {
      yield sample;
      sample = undefined;
    }
    sample ??= { key, images: [], others: new Map() };
    const extension = dot < 0 ? '' : name.slice(dot + 1).toLowerCase();
    if (IMAGE_EXTENSIONS.includes(`.${extension.split('.').at(-1)}`)) sample.images.push(entry);
    else sample.others.set(extension, entry);
  }
  if (sample) yield sample;
}

/** Returns the name of a sample's identity; undefined if it has none, which is reported. */
function identityOf(
  fd: number,
  { key, images, others }: Sample,
  shard: string,
  skipped: SkippedFile[],
): string | undefined {
  if (images.length === 0) return undefined;
  const skip = (reason: string) => {
    skipped.push({ file: shard + key, reason });
    return undefined;
  };
  const [json, cls] = [others.get('json'), others.get('cls')];
  for (const entry of [json, cls]) {
    if (entry && entry.size > LONGEST_LABEL)
      return skip(`"${entry.path}" has ${entry.size} bytes, too many for a label`);
  }
  if (json) {
    let value: unknown;
    try {
      value = JSON.parse(readText(fd, json));
    } catch {
      return skip(`"${json.path}" is not JSON`);
    }
    const identity = (value as { identity?: unknown } | null)?.identity;
    if (typeof identity === 'string' && identity !== '') return identity.normalize('NFC');
  }
  if (cls) {
    const text = readText(fd, cls).trim();
    return text === '' ? skip(`"${cls.path}" is empty`) : text.normalize('NFC');
  }
  const folder = key.lastIndexOf('/');
  return folder > 0
    ? key.slice(0, folder).normalize('NFC')
    : skip('it has no .cls, no identity in a .json, and no folder');
}

function readText(fd: number, { offset, size }: TarEntry): string {
  const bytes = Buffer.alloc(size);
  return bytes.toString('utf8', 0, readSync(fd, bytes, 0, size, offset));
}
