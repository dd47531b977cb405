import { isAbsolute, relative } from 'node:path';
import { shellArgument } from '../shell-argument.js';

/** Returns a path relative to the working folder if it is inside it, otherwise unchanged; a URL unchanged, too. */
export function relativePath(path: string): string {
  if (/^[a-z]+:\/\//.test(path)) return path;
  const short = relative('.', path);
  return short === '' ? '.' : short.startsWith('..') || isAbsolute(short) ? path : short;
}

/** Returns {@link relativePath} as an argument of a command that can be pasted into a shell. */
export function pathArgument(path: string): string {
  const short = relativePath(path);
  // A name that begins with a dash would be an option.
  return shellArgument(short.startsWith('-') ? `./${short}` : short);
}
