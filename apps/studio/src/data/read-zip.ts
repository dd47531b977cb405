import { unzip } from 'fflate';
import { TEXTS } from '../texts.js';
import { AddFailure } from './add-failure.js';
import { withPath } from './with-path.js';

/** Limit in bytes for the unpacked files, which are all in memory. */
const LIMIT = 2 * 2 ** 30;

/**
 * Unpacks a zip file. Files keep their paths below the archive's name; a single folder around everything is left out.
 * @throws AddFailure if it is damaged, has a password, or is too large.
 */
export async function readZip(archive: File, limit = LIMIT): Promise<File[]> {
  const { name } = archive;
  const bytes = new Uint8Array(await archive.arrayBuffer());
  let total = 0;
  const entries = await new Promise<Record<string, Uint8Array>>((resolve, reject) => {
    const filter = ({ name, originalSize }: { name: string; originalSize: number }) => {
      if (isHidden(name)) return false;
      total += originalSize;
      return total <= limit;
    };
    unzip(bytes, { filter }, (error, files) => (error ? reject(error) : resolve(files)));
  }).catch((cause) => {
    throw new AddFailure(TEXTS.data.zipDamaged(name), TEXTS.data.zipHint, { cause });
  });
  if (total > limit) throw new AddFailure(TEXTS.data.zipTooLarge(name), TEXTS.data.zipTooLargeHint);
  const paths = Object.keys(entries);
  const around = commonFolder(paths);
  return paths.map((path) => {
    const inside = path.slice(around.length);
    const file = new File([entries[path] as Uint8Array<ArrayBuffer>], inside.split('/').at(-1) ?? inside);
    return withPath(file, `${name}/${inside}`);
  });
}

/** Returns whether an entry is a folder, or a file that systems add, such as `__MACOSX/._a.jpg`. */
function isHidden(path: string): boolean {
  return path.endsWith('/') || path.split('/').some((part) => part.startsWith('.') || part === '__MACOSX');
}

/** Returns the folder that holds all paths and in which there are further folders; empty if there is none. */
function commonFolder(paths: readonly string[]): string {
  const first = paths[0]?.slice(0, paths[0].indexOf('/') + 1) ?? '';
  const isAround = first !== '' && paths.every((path) => path.startsWith(first));
  const hasFolders = paths.some((path) => path.slice(first.length).includes('/'));
  return isAround && hasFolders ? first : '';
}
