/** Replaces the reader of tar shards in a page. @throws Error always. */
export async function listShards(path: string): Promise<never> {
  throw new Error(`A browser cannot read the tar shards "${path}"; use a source of kind "images".`);
}
