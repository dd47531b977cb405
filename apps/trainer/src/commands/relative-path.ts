import { isAbsolute, relative } from 'node:path';

/** Returns a path relative to the working folder if it is inside it, otherwise unchanged. */
export function relativePath(path: string): string {
  const short = relative('.', path);
  return short === '' ? '.' : short.startsWith('..') || isAbsolute(short) ? path : short;
}
