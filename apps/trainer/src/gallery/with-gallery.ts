import type { Gallery } from '@unitsphere/recognition';
import { UserError } from '../user-error.js';
import type { FileEmbedder } from './embed-readable.js';

/** Opens the embedder of a model: a run, a checkpoint, a model folder, an ONNX export, a URL, or a model of the hub or a shipped one. */
export type OpenEmbedder = (model: string) => Promise<FileEmbedder>;

/** How to open a gallery. */
export interface GalleryAccess {
  path: string;
  /** Default: the model that the last image was enrolled with. */
  model?: string;
  openEmbedder: OpenEmbedder;
  /** Whether a gallery that does not exist is created. Default: false. */
  create?: boolean;
  /** Whether to open it only for reading. Default: false. */
  readOnly?: boolean;
}

/** An open gallery with the embedder of its images. */
export interface OpenedGallery {
  gallery: Gallery<string>;
  embedder: FileEmbedder;
  /** The model that the embedder was loaded from. */
  model: string;
}

/** Opens a gallery and its model for some work, and closes both afterward. @throws UserError if either cannot be opened. */
export async function withModelAndGallery<T>(
  { path, model, openEmbedder, create = false, readOnly = false }: GalleryAccess,
  work: (opened: OpenedGallery) => Promise<T>,
): Promise<T> {
  const known = create && model !== undefined ? model : await findModel(path, model);
  const embedder = await openEmbedder(known);
  try {
    const { openGalleryFile } = await import('@unitsphere/recognition/file');
    const gallery = await asUserError(() => openGalleryFile<string>(path, { embedder, readOnly }));
    try {
      return await asUserError(() => work({ gallery, embedder, model: known }));
    } finally {
      await gallery.close();
    }
  } finally {
    embedder.dispose();
  }
}

/** Opens a gallery without its model for some work, and closes it afterward. @throws UserError if it cannot be opened. */
export async function withGallery<T>(
  path: string,
  readOnly: boolean,
  work: (gallery: Gallery<string>) => Promise<T>,
): Promise<T> {
  const { openGalleryFile } = await import('@unitsphere/recognition/file');
  const gallery = await asUserError(() => openGalleryFile<string>(path, { readOnly }));
  try {
    return await asUserError(() => work(gallery));
  } finally {
    await gallery.close();
  }
}

/** Returns the model given, or the one that the newest template of a gallery names. */
async function findModel(path: string, model: string | undefined): Promise<string> {
  return withGallery(path, true, async (gallery) => {
    if (model !== undefined) return model;
    const templates = gallery.list().flatMap(({ templates }) => templates);
    const newest = templates.reduce<(typeof templates)[number] | undefined>(
      (last, template) => (last && last.id > template.id ? last : template),
      undefined,
    );
    const named = newest?.metadata['model'];
    if (typeof named === 'string') return named;
    throw new UserError(`${path} does not say which model its images were embedded with`, {
      hint: 'Give it with --model MODEL.',
    });
  });
}

/** Turns errors of galleries into errors for the user. */
async function asUserError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // By name: importing the classes would load the package for commands that need none of it.
    if (error instanceof Error && (error.name === 'GalleryStoreError' || error instanceof RangeError)) {
      throw new UserError(error.message, { cause: error });
    }
    throw error;
  }
}
