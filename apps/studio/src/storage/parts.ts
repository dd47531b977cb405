/** Values and files in one file: the length of a JSON header, the header, then the files' bytes. */

/** Values with files by their names. */
export interface Parts<T> {
  readonly values: T;
  readonly files: Readonly<Record<string, Uint8Array>>;
}

interface Header {
  values: unknown;
  files: [name: string, bytes: number][];
}

/** Returns the bytes of values with files. */
export function encodeParts(values: unknown, files: Readonly<Record<string, Uint8Array>> = {}): Uint8Array {
  const entries = Object.entries(files);
  const header: Header = { values, files: entries.map(([name, { length }]) => [name, length]) };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(entries.reduce((sum, [, { length }]) => sum + length, 4 + text.length));
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  let at = 4 + text.length;
  for (const [, file] of entries) {
    bytes.set(file, at);
    at += file.length;
  }
  return bytes;
}

/** Returns what {@link encodeParts} was given. */
export function decodeParts<T>(bytes: Uint8Array): Parts<T> {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const { values, files } = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as Header;
  const found: Record<string, Uint8Array> = {};
  let at = 4 + length;
  for (const [name, size] of files) {
    // Copies, so that one file does not keep all others in memory.
    found[name] = bytes.slice(at, at + size);
    at += size;
  }
  return { values: values as T, files: found };
}
