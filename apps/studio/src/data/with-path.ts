/** Gives a file the path that a browser gives files of a picked folder; its first part is the name of the folder. */
export function withPath(file: File, path: string): File {
  return Object.defineProperty(file, 'webkitRelativePath', { value: path });
}
