/** Replaces the packing of images in a page. @throws Error always. */
export async function packImages(_images: unknown, file: string): Promise<never> {
  throw new Error(`A browser cannot write the archive "${file}"; pack images in Node.`);
}
