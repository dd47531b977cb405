import type { GalleryEmbedder } from '@unitsphere/recognition';
import type { ProgressReporter } from '../progress/progress-reporter.js';

/** An embedder of files that the caller disposes. */
export interface FileEmbedder extends GalleryEmbedder<string> {
  dispose(): void;
}

/** Embeddings of the files that can be read, and the others with the reason. */
export interface ReadableFiles {
  embeddings: Map<string, Float32Array>;
  unreadable: { file: string; reason: string }[];
}

const BATCH = 32;

/** Embeds files in batches. A file that cannot be read is skipped and reported. */
export async function embedReadable(
  embedder: GalleryEmbedder<string>,
  files: readonly string[],
  progress: ProgressReporter,
): Promise<ReadableFiles> {
  const embeddings = new Map<string, Float32Array>();
  const unreadable: ReadableFiles['unreadable'] = [];
  for (let from = 0; from < files.length; from += BATCH) {
    const batch = files.slice(from, from + BATCH);
    try {
      const found = await embedder.embed(batch);
      batch.forEach((file, n) => {
        embeddings.set(file, found[n]);
      });
    } catch (error) {
      if (!isImageError(error)) throw error;
      // One file spoils its batch, so each is tried alone.
      for (const file of batch) {
        try {
          embeddings.set(file, await embedder.embed(file));
        } catch (error) {
          if (!isImageError(error)) throw error;
          unreadable.push({ file, reason: error.message });
        }
      }
    }
    progress.phase(`embedding ${Math.min(from + BATCH, files.length)}/${files.length}`);
  }
  progress.phase(null);
  return { embeddings, unreadable };
}

/** Recognizes errors of @unitsphere/images by name, because importing their class would load its decoders. */
function isImageError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ImageError';
}
