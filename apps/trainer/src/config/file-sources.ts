/** Sources of images on a disk or a server: they have a path. The others are generated. */
export const FILE_SOURCES = ['folder', 'recordio', 'webdataset', 'csv', 'parquet'] as const;

/** A source with a path. */
export type FileSource = (typeof FILE_SOURCES)[number];

/** Returns whether a source has a path. */
export function isFileSource(source: string): source is FileSource {
  return (FILE_SOURCES as readonly string[]).includes(source);
}

/** Returns the source that a path belongs to, by its ending: `.rec`, `.tar`, `.csv`, `.parquet`, or a folder. */
export function sourceOfPath(path: string): FileSource {
  if (/\.rec$/i.test(path)) return 'recordio';
  if (/\.tar$/i.test(path) || isAddress(path)) return 'webdataset';
  if (/\.csv$/i.test(path)) return 'csv';
  if (/\.parquet$/i.test(path)) return 'parquet';
  return 'folder';
}

/** Returns whether a path is an http(s) address. */
export function isAddress(path: string): boolean {
  return /^https?:\/\//i.test(path);
}
