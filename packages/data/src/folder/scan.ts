import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, sep } from 'node:path';
import { IMAGE_EXTENSIONS } from '@unitsphere/images';

/** A file that is not used. */
export interface SkippedFile {
  /** Path relative to the folder, with forward slashes. */
  readonly file: string;
  /** Reason in a few words. */
  readonly reason: string;
}

/** How files are grouped: each file, each folder with images, or both (`auto`); see `FolderSource.open`. */
export type IdentityGrouping = 'auto' | 'file' | 'folder';

/** A file to decode, with the attributes that reveal a change. */
export interface ScannedFile {
  /** Path relative to the folder, with forward slashes. */
  readonly file: string;
  /** Path to open it with: bytes, because file names on Linux need not be UTF-8. */
  readonly path: Buffer;
  readonly bytes: number;
  readonly modifiedMs: number;
  /** Time of the last change of content or attributes, which programs cannot set. */
  readonly changedMs: number;
  /** Inode number, as text because it may need 64 bits; a replaced file has another. */
  readonly inode: string;
}

/** An identity and its files. */
export interface ScannedIdentity {
  readonly name: string;
  readonly files: ScannedFile[];
}

/**
 * Finds the image files in a folder and its subfolders and groups them into identities, sorted by the bytes of their
 * paths. It skips and reports folders that the trainer writes, and links to a folder that is already scanned.
 * @throws Error if the folder is missing or is a file.
 */
export async function scanFolder(
  dir: string,
  identityPer: IdentityGrouping,
): Promise<{ identities: ScannedIdentity[]; skipped: SkippedFile[] }> {
  const info = await stat(dir).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'no such folder' : error.message;
    throw new Error(`FolderSource: cannot open "${dir}": ${why}. Give the path of a folder of images.`);
  });
  if (!info.isDirectory()) {
    throw new Error(
      `FolderSource: "${dir}" is a file, not a folder. Give the folder that contains the images.`,
    );
  }
  const skipped: SkippedFile[] = [];
  const groups = new Map<string, ScannedFile[]>();
  const visited = new Map<string, string>();

  const visit = async (below: string, path: Buffer): Promise<void> => {
    const real = (await realpath(path, 'buffer')).toString('hex');
    const first = visited.get(real);
    if (first !== undefined) {
      // A link to a parent folder would recurse forever.
      skipped.push({ file: below, reason: `a link to "${first || '.'}", which is already read` });
      return;
    }
    visited.set(real, below);
    const entries = (await readdir(path, { encoding: 'buffer' })).sort(Buffer.compare);
    if (below !== '' && isRun(entries)) {
      skipped.push({ file: below, reason: 'a training run, not images' });
      return;
    }
    for (const entry of entries) {
      const entryName = printable(entry);
      if (entryName.startsWith('.') || IGNORED.has(entryName.toLowerCase())) continue;
      const file = below === '' ? entryName : `${below}/${entryName}`;
      const entryPath = Buffer.concat([path, SEPARATOR, entry]);
      try {
        const entryInfo = await stat(entryPath, { bigint: true });
        if (entryInfo.isDirectory()) {
          await visit(file, entryPath);
        } else if (!entryInfo.isFile()) {
          skipped.push({ file, reason: 'neither a file nor a folder' });
        } else if (!IMAGE_EXTENSIONS.includes(extname(entryName).toLowerCase())) {
          skipped.push({
            file,
            reason: `not an image extension; supported are ${IMAGE_EXTENSIONS.join(' ')}`,
          });
        } else {
          const perFile = identityPer === 'file' || (identityPer === 'auto' && below === '');
          const name = (perFile || below === '' ? file : below).normalize('NFC');
          const scanned = {
            file,
            path: entryPath,
            bytes: Number(entryInfo.size),
            modifiedMs: Number(entryInfo.mtimeNs) / 1e6,
            changedMs: Number(entryInfo.ctimeNs) / 1e6,
            inode: String(entryInfo.ino),
          };
          const group = groups.get(name);
          if (below === '' && identityPer === 'folder') {
            skipped.push({ file, reason: 'not in a subfolder, and identityPer is "folder"' });
          } else if (group) group.push(scanned);
          else groups.set(name, [scanned]);
        }
      } catch (error) {
        skipped.push({ file, reason: error instanceof Error ? error.message : String(error) });
      }
    }
  };
  await visit('', Buffer.from(dir));

  const identities = [...groups]
    .map(([name, files]) => ({ name, files: files.sort((a, b) => compareBytes(a.file, b.file)) }))
    .sort((a, b) => compareBytes(a.name, b.name));
  return { identities, skipped };
}

const SEPARATOR = Buffer.from(sep);

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

/** Returns a file name as text. Bytes that are not UTF-8 become `\xE9` and the like, so that names stay distinct. */
function printable(name: Buffer): string {
  const text = name.toString('utf8');
  if (Buffer.from(text).equals(name)) return text;
  return [...name.toString('latin1')]
    .map((c) => (c <= '\x7f' ? c : `\\x${c.charCodeAt(0).toString(16).toUpperCase()}`))
    .join('');
}

/** Compares by UTF-8 bytes, which does not depend on the machine's locale. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
