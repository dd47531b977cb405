/** Replaces the reader of lists in a page. @throws Error always. */
export async function listFile(path: string): Promise<never> {
  throw new Error(`A browser cannot read the list "${path}"; use a source of kind "images".`);
}
