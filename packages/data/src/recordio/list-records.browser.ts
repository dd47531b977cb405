/** Replaces the reader of RecordIO files in a page. @throws Error always. */
export async function listRecords(path: string): Promise<never> {
  throw new Error(`A browser cannot read the RecordIO file "${path}"; use a source of kind "images".`);
}
