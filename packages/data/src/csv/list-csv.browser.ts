/** Replaces the reader of CSV lists in a page. @throws Error always. */
export async function listCsv(path: string): Promise<never> {
  throw new Error(`A browser cannot read the list "${path}"; use a source of kind "images".`);
}
