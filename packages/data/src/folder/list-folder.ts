import { readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { extname, posix, resolve } from 'node:path';
import { IMAGE_EXTENSIONS } from '@unitsphere/images';
import type { EncodedImages } from '../encoded/encoded-images.js';
import { imageCount, TableBuilder } from '../encoded/image-table.js';
import { listSkipped } from '../encoded/open-decoded.js';
import { nameAt, printable, reserve, sharedArray } from '../encoded/packed-names.js';
import { STAT_VALUES } from '../encoded/reader-specs.js';
import type { SkippedFile } from '../source.js';
import { findMetadata, findMissingColumn, listImageFolder } from './image-folder.js';

/** How files are grouped: each file, each folder with images, or both (`auto`); see `openFolder`. */
export type IdentityGrouping = 'auto' | 'file' | 'folder';

/** Files between two turns of the event loop. */
const FILES_PER_TURN = 5000;

/**
 * Finds the image files in a folder and its subfolders and groups them into identities, sorted by the bytes of their paths. It
 * skips and reports folders that the trainer writes, and links to a folder that is already scanned. If the folder has Hugging Face's
 * `metadata.csv`, `metadata.jsonl` or `metadata.parquet` with a column `label`, and `identityPer` is `auto`, that file names the
 * images and their identities instead.
 * @param onListed Called with the number of image files found so far, every few thousand files.
 * @throws TypeError if identityPer is not "auto", "file" or "folder".
 * @throws Error if the folder is missing, is a file, or contains fewer than two identities.
 */
export async function listFolder(
  dir: string,
  identityPer: IdentityGrouping = 'auto',
  onListed: (files: number) => void = () => {},
): Promise<EncodedImages> {
  if (!['auto', 'file', 'folder'].includes(identityPer)) {
    throw new TypeError(`identityPer must be auto, file or folder, not "${identityPer}".`);
  }
  const root = resolve(dir);
  checkFolder(dir, root);
  const ignored: SkippedFile[] = [];
  if (identityPer === 'auto') {
    const metadata = findMetadata(root);
    for (const file of metadata) {
      const reason = await findMissingColumn(dir, root, file);
      if (reason !== undefined) ignored.push({ file: posix.join(file.below, file.name), reason });
    }
    if (metadata.length > 0 && ignored.length === 0) return listImageFolder(dir, root, metadata);
  }
  const scan = new FolderScan(root, identityPer, ignored, onListed);
  await scan.run();
  const { table, order } = scan.builder.finish('by-id');
  const stats = sharedArray(Float64Array, STAT_VALUES * order.length);
  for (let i = 0; i < order.length; i++) {
    stats.set(scan.stats.subarray(order[i] * STAT_VALUES, (order[i] + 1) * STAT_VALUES), i * STAT_VALUES);
  }
  const images: EncodedImages = {
    name: `the folder "${dir}"`,
    place: `folder ${root}`,
    table,
    reader: { kind: 'folder', dir: root, stats },
    skipped: scan.skipped,
  };
  checkIdentities(dir, images, identityPer);
  return images;
}

function checkFolder(dir: string, root: string): void {
  let info: Stats;
  try {
    info = statSync(root);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'no such folder' : message;
    throw new Error(`Cannot open "${dir}": ${why}. Give the path of a folder of images.`);
  }
  if (!info.isDirectory()) {
    throw new Error(`"${dir}" is a file, not a folder. Give the folder that contains the images.`);
  }
}

/** One scan of a folder. Calls are synchronous, because a thread pool takes longer for a stat than the stat itself. */
class FolderScan {
  readonly builder = new TableBuilder();
  readonly skipped: SkippedFile[];
  /** `STAT_VALUES` per file, in the order in which they are found. */
  stats = new Float64Array(64);
  readonly #visited = new Map<string, string>();
  #sinceTurn = 0;
  #files = 0;

  readonly #root: string;
  readonly #identityPer: IdentityGrouping;
  /** Paths of files that are already reported. */
  readonly #ignored: ReadonlySet<string>;
  readonly #onListed: (files: number) => void;

  constructor(
    root: string,
    identityPer: IdentityGrouping,
    ignored: readonly SkippedFile[],
    onListed: (files: number) => void,
  ) {
    this.skipped = [...ignored];
    this.#ignored = new Set(ignored.map(({ file }) => file));
    this.#root = root;
    this.#identityPer = identityPer;
    this.#onListed = onListed;
  }

  run(): Promise<void> {
    return this.#visit('', Buffer.alloc(0), Buffer.from(this.#root));
  }

  /**
   * @param below Path relative to the folder as text; `relative` as bytes, because file names on Linux need not be UTF-8.
   */
  async #visit(below: string, relative: Buffer, path: Buffer): Promise<void> {
    const real = realpathSync.native(path, 'buffer').toString('hex');
    const first = this.#visited.get(real);
    if (first !== undefined) {
      // A link to a parent folder would recurse forever.
      this.#skip(below, `a link to "${first || '.'}", which is already read`);
      return;
    }
    this.#visited.set(real, below);
    const entries = readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare);
    if (below !== '' && isRun(entries)) {
      this.#skip(below, 'a training run, not images');
      return;
    }
    for (const entry of entries) {
      const name = printable(entry);
      if (name.startsWith('.') || IGNORED.has(name.toLowerCase())) continue;
      const file = below === '' ? name : `${below}/${name}`;
      const relativePath = below === '' ? entry : Buffer.concat([relative, SLASH, entry]);
      const entryPath = Buffer.concat([path, SLASH, entry]);
      try {
        const info = statSync(entryPath);
        if (info.isDirectory()) await this.#visit(file, relativePath, entryPath);
        else if (this.#ignored.has(file)) continue;
        else if (!info.isFile()) this.#skip(file, 'neither a file nor a folder');
        else if (!IMAGE_EXTENSIONS.includes(extname(name).toLowerCase())) {
          this.#skip(file, `not an image extension; supported are ${IMAGE_EXTENSIONS.join(' ')}`);
        } else this.#add(below, file, relativePath, info);
      } catch (error) {
        this.#skip(file, error instanceof Error ? error.message : String(error));
      }
    }
    this.#sinceTurn += entries.length;
    if (this.#sinceTurn < FILES_PER_TURN) return;
    this.#sinceTurn = 0;
    this.#onListed(this.#files);
    await new Promise((resolve) => setTimeout(resolve));
  }

  #add(below: string, file: string, relative: Buffer, { size, mtimeMs, ctimeMs, ino }: Stats): void {
    if (below === '' && this.#identityPer === 'folder') {
      this.#skip(file, 'not in a subfolder, and identityPer is "folder"');
      return;
    }
    const isPerFile = this.#identityPer === 'file' || below === '';
    this.#files++;
    const position = this.builder.add((isPerFile ? file : below).normalize('NFC'), relative, size);
    this.stats = reserve(this.stats, (position + 1) * STAT_VALUES);
    this.stats.set([mtimeMs, ctimeMs, ino], position * STAT_VALUES);
  }

  #skip(file: string, reason: string): void {
    this.skipped.push({ file, reason });
  }
}

const SLASH = Buffer.from('/');

/** Files and folders of operating systems, network storage and archives; ignored without a report. */
const IGNORED = new Set([
  '#recycle',
  '$recycle.bin',
  '@eadir',
  '__macosx',
  'desktop.ini',
  'lost+found',
  'system volume information',
  'thumbs.db',
]);

/** Returns whether a folder is a run of the trainer, whose plots are not training images. */
function isRun(entries: readonly Buffer[]): boolean {
  return ['config.yaml', 'checkpoints'].every((name) =>
    entries.some((entry) => entry.equals(Buffer.from(name))),
  );
}

/** @throws Error if a scan found fewer than two identities. */
function checkIdentities(dir: string, { table, skipped }: EncodedImages, per: string): void {
  const count = table.starts.length - 1;
  if (count >= 2) return;
  const layout =
    'Each image file directly in the folder is one identity, and each subfolder that contains images is one ' +
    'identity with those images as its samples (with identityPer: "file" every image file is one).';
  if (count === 0) {
    throw new Error(`"${dir}" contains no image files. ${layout} ${listSkipped(skipped)}`.trim());
  }
  const images = imageCount(table);
  const hint =
    per !== 'file' && images > 1
      ? `If its ${images} images are different identities, set identityPer: "file" or open that subfolder. `
      : '';
  throw new Error(
    `"${dir}" contains one identity ("${nameAt(table.identities, 0)}"); at least 2 are required. ${hint}${layout}`,
  );
}
