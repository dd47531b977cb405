import { ImageError } from '@unitsphere/images';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import { UserError } from '../user-error.js';
import { openEmbedder } from './open-embedder.js';

/** Options of {@link embedFiles}. */
export interface EmbedFilesOptions {
  /** A run, a checkpoint, a model folder, a URL, or a model of the hub. */
  model: string;
  files: readonly string[];
  progress: ProgressReporter;
}

/** The embeddings of files. */
export interface EmbeddedFiles {
  embeddingSize: number;
  fingerprint: string;
  /** One for each file, in their order. */
  embeddings: Float32Array[];
}

/** Embeds image files. @throws UserError if the model or a file cannot be read. */
export async function embedFiles({ model, files, progress }: EmbedFilesOptions): Promise<EmbeddedFiles> {
  progress.phase('loading the model');
  const embedder = await openEmbedder(model);
  try {
    const embeddings = await embedder.embed(files, {
      onProgress: ({ done, total }) => progress.phase(`embedding ${done}/${total}`),
    });
    const { embeddingSize, fingerprint } = embedder;
    return { embeddingSize, fingerprint, embeddings };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw new UserError(error.message, { cause: error });
  } finally {
    progress.phase(null);
    progress.done();
    embedder.dispose();
  }
}
