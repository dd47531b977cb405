/** Quotes an argument of a command where a shell requires it. */
export function shellArgument(text: string): string {
  if (/^[\p{L}\p{N}_./:@%+=,-]+$/u.test(text)) return text;
  return process.platform === 'win32' ? `"${text}"` : `'${text.replaceAll("'", "'\\''")}'`;
}
