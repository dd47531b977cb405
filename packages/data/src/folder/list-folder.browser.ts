/** Replaces the reader of folders in a page. @throws Error always. */
export async function listFolder(dir: string): Promise<never> {
  throw new Error(
    `A browser cannot read the folder "${dir}"; use a source of kind "images" with the Blobs of the files.`,
  );
}
