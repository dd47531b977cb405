import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { IMAGE_EXTENSIONS } from './decode.js';

/** A file that is not used, and why. */
export interface SkippedFile {
  /** Path below the folder, with forward slashes. */
  readonly file: string;
  readonly reason: string;
}

/** What an identity is: each image file, each folder that holds images, or (`auto`) see `FolderSource.open`. */
export type IdentityPer = 'auto' | 'file' | 'folder';

/** A file to decode, with what tells whether it has changed. */
export interface ScannedFile {
  /** Path below the folder, with forward slashes. */
  readonly file: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export interface ScannedIdentity {
  readonly name: string;
  readonly files: ScannedFile[];
}

/** Finds the image files below a folder, in byte order of their paths, and groups them into identities. */
export async function scanFolder(
  dir: string,
  identityPer: IdentityPer,
): Promise<{ identities: ScannedIdentity[]; skipped: SkippedFile[] }> {
  const info = await stat(dir).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'there is no such folder' : error.message;
    throw new Error(`FolderSource: cannot open "${dir}": ${why}. Give the path of a folder of images.`);
  });
  if (!info.isDirectory()) {
    throw new Error(`FolderSource: "${dir}" is a file, not a folder. Give the folder the images are in.`);
  }
  const skipped: SkippedFile[] = [];
  const groups = new Map<string, ScannedFile[]>();
  const visited = new Set<string>();

  const visit = async (below: string): Promise<void> => {
    const path = join(dir, below);
    const real = await realpath(path);
    // A link back up would never end.
    if (visited.has(real)) return;
    visited.add(real);
    const entries = (await readdir(path)).sort(byteOrder);
    for (const entry of entries) {
      if (entry.startsWith('.') || IGNORED.has(entry.toLowerCase())) continue;
      const file = below === '' ? entry : `${below}/${entry}`;
      try {
        const entryInfo = await stat(join(dir, file));
        if (entryInfo.isDirectory()) {
          await visit(file);
        } else if (!entryInfo.isFile()) {
          skipped.push({ file, reason: 'neither a file nor a folder' });
        } else if (!IMAGE_EXTENSIONS.includes(extname(entry).toLowerCase())) {
          skipped.push({
            file,
            reason: `not an image by its ending; read are ${IMAGE_EXTENSIONS.join(' ')}`,
          });
        } else {
          const perFile = identityPer === 'file' || (identityPer === 'auto' && below === '');
          const name = (perFile || below === '' ? file : below).normalize('NFC');
          const scanned = { file, bytes: entryInfo.size, modifiedMs: entryInfo.mtimeMs };
          const group = groups.get(name);
          if (below === '' && identityPer === 'folder') {
            skipped.push({ file, reason: 'not in a folder of its own, and identityPer is "folder"' });
          } else if (group) group.push(scanned);
          else groups.set(name, [scanned]);
        }
      } catch (error) {
        skipped.push({ file, reason: error instanceof Error ? error.message : String(error) });
      }
    }
  };
  await visit('');

  const identities = [...groups]
    .map(([name, files]) => ({ name, files: files.sort((a, b) => byteOrder(a.file, b.file)) }))
    .sort((a, b) => byteOrder(a.name, b.name));
  return { identities, skipped };
}

/** Left by operating systems and archives; nobody means them. */
const IGNORED = new Set(['thumbs.db', 'desktop.ini', '__macosx']);

/** The order of the UTF-8 bytes: the same whatever the machine's language. */
function byteOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
