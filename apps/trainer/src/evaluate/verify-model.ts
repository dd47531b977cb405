import { identificationRate, type VerificationResult, verifyEmbeddings } from '@unitsphere/verification';
import type { EvaluationImages } from '../dataset/evaluation-images.js';
import type { Protocol } from '../report/index.js';
import { embedEvaluation, type ImageEmbedder } from './embed.js';

/** Embeddings, verification over all pairs, and identification with the clean images enrolled. */
export interface ModelVerification {
  embeddings: Float32Array;
  dimensions: number;
  verification: VerificationResult;
  /** The kind of pairs, and the number of identities and images. */
  protocol: Protocol;
  /** Fraction of the other images whose nearest clean image is of their own identity. */
  rank1: number;
}

/** Embeds images and scores all pairs. */
export async function verifyModel(
  embedder: ImageEmbedder,
  evaluated: EvaluationImages,
): Promise<ModelVerification> {
  const { images, pairKind, identities } = evaluated;
  const { embeddings, dimensions } = await embedEvaluation(embedder, evaluated);
  const labels = Int32Array.from(images, ({ label }) => label);
  const rowsOf = (clean: boolean) =>
    images.flatMap(({ kind }, i) => ((kind === 'clean') === clean ? [i] : []));
  const pick = (rows: number[]) => {
    const out = new Float32Array(rows.length * dimensions);
    for (const [i, row] of rows.entries()) {
      out.set(embeddings.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
    }
    return out;
  };
  const [gallery, probes] = [rowsOf(true), rowsOf(false)];
  const { rates } = identificationRate(
    pick(gallery),
    Int32Array.from(gallery, (row) => labels[row]),
    pick(probes),
    Int32Array.from(probes, (row) => labels[row]),
    dimensions,
    [1],
  );
  return {
    embeddings,
    dimensions,
    protocol: { pairKind, identities, images: images.length },
    verification: verifyEmbeddings(embeddings, dimensions, labels),
    rank1: rates[0].rate,
  };
}
