/** A browser's page has no folders. @throws Error always. */
export async function openFolder(dir: string): Promise<never> {
  throw new Error(
    `FolderSource: a browser cannot read the folder "${dir}"; give a source of your own, an object with identities and load(…).`,
  );
}
