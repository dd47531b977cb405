/** Replaces the folder reader in a browser. @throws Error always. */
export async function openFolder(dir: string): Promise<never> {
  throw new Error(
    `FolderSource: a browser cannot read the folder "${dir}"; use a source object with identities and load(…).`,
  );
}
