import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { IMAGE_EXTENSIONS } from './decode.js';

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
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** An identity and its files. */
export interface ScannedIdentity {
  readonly name: string;
  readonly files: ScannedFile[];
}

/**
 * Finds the image files in a folder and its subfolders and groups them into identities, sorted by the bytes of their
 * paths.
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
  const visited = new Set<string>();

  const visit = async (below: string): Promise<void> => {
    const path = join(dir, below);
    const real = await realpath(path);
    // A symbolic link to a parent folder would recurse forever.
    if (visited.has(real)) return;
    visited.add(real);
    const entries = (await readdir(path)).sort(compareBytes);
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
            reason: `not an image extension; supported are ${IMAGE_EXTENSIONS.join(' ')}`,
          });
        } else {
          const perFile = identityPer === 'file' || (identityPer === 'auto' && below === '');
          const name = (perFile || below === '' ? file : below).normalize('NFC');
          const scanned = { file, bytes: entryInfo.size, modifiedMs: entryInfo.mtimeMs };
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
  await visit('');

  const identities = [...groups]
    .map(([name, files]) => ({ name, files: files.sort((a, b) => compareBytes(a.file, b.file)) }))
    .sort((a, b) => compareBytes(a.name, b.name));
  return { identities, skipped };
}

/** Files that operating systems and archives leave behind; ignored without a report. */
const IGNORED = new Set(['thumbs.db', 'desktop.ini', '__macosx']);

/** Compares by UTF-8 bytes, which does not depend on the machine's locale. */
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
