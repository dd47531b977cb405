import { useBackend } from '@unitsphere/backends';
import { DocumentSource } from '@unitsphere/data';
import { createGallery } from '@unitsphere/recognition';
import { openEmbedder } from '../evaluate/open-embedder.js';

/** Options of {@link runDemo}. */
export interface DemoOptions {
  /** A shipped model or any other, as of `openEmbedder`. */
  model: string;
  documents: number;
  /** Photographs of each document. */
  photographs: number;
}

/** A photograph, and the enrolled document that it resembles most. */
export interface DemoRecognition {
  /** The document in the photograph. */
  document: string;
  found: string;
  /** Cosine with the document that was found. */
  score: number;
  /** Cosine with the next document. */
  next: number;
}

/** The result of {@link runDemo}. */
export interface DemoResult {
  backend: string;
  recognitions: DemoRecognition[];
  /** Mean time of one recognition, without drawing the photograph. */
  milliseconds: number;
}

/** Side of the pictures. */
const SIDE = 160;
/** No training with the default seed has these documents. */
const SEED = 5;

/**
 * Enrolls generated documents with one flat picture each, and recognizes photographs of filled-in copies of them.
 * @throws UserError if the model cannot be used.
 */
export async function runDemo({ model, documents, photographs }: DemoOptions): Promise<DemoResult> {
  const backend = await useBackend('auto');
  const source = await DocumentSource.create({ identities: documents, size: SIDE, seed: SEED });
  const embedder = await openEmbedder(model);
  try {
    const gallery = await createGallery({ embedder });
    for (const [i, { name }] of source.identities.entries()) await gallery.enroll(name, source.clean(i));
    const recognitions: DemoRecognition[] = [];
    let milliseconds = 0;
    for (const [i, { name }] of source.identities.entries()) {
      for (let sample = 0; sample < photographs; sample++) {
        const image = source.load(i, sample);
        const start = performance.now();
        const [best, next] = (await gallery.recognize(image, { k: 2 })).matches;
        milliseconds += performance.now() - start;
        recognitions.push({ document: name, found: best.name, score: best.score, next: next.score });
      }
    }
    return { backend: backend.name, recognitions, milliseconds: milliseconds / recognitions.length };
  } finally {
    embedder.dispose();
  }
}
