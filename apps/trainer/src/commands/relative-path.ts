import { isAbsolute, relative } from 'node:path';

/** A path as it is shortest to type here: from the working folder if it lies in it, else as it is. */
export function relativePath(path: string): string {
  const short = relative('.', path);
  return short === '' ? '.' : short.startsWith('..') || isAbsolute(short) ? path : short;
}
