import { type Gallery, type GalleryOptions, openGallery } from './gallery.js';
import { openFileStore } from './store/file/file-store.js';

/** Options of {@link openGalleryFile}. */
export interface GalleryFileOptions<Image> extends GalleryOptions<Image> {
  /** Whether to open the file only for reading, also while another process writes it. Default: false. */
  readOnly?: boolean;
}

/**
 * Opens the gallery in a file. With an embedder, a file that does not exist is created.
 * @throws GalleryStoreError with code `LOCKED` if another process writes it, `WRONG_EMBEDDER` if it was made with another
 *   embedder, and others; see {@link openFileStore}.
 */
export async function openGalleryFile<Image = never>(
  path: string,
  { readOnly = false, ...options }: GalleryFileOptions<Image> = {},
): Promise<Gallery<Image>> {
  const { embedder } = options;
  const header = embedder && { embeddingSize: embedder.embeddingSize, embedder: embedder.fingerprint };
  const store = await openFileStore(path, { ...(header && { header }), readOnly });
  try {
    return await openGallery(store, options);
  } catch (error) {
    await store.close();
    throw error;
  }
}
