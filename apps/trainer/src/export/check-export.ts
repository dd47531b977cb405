import type { Embedder } from '@unitsphere/embedder';
import type { EvaluationImages } from '../dataset/evaluation-images.js';
import { imageEmbedder } from '../evaluate/embed.js';
import { verifyModel } from '../evaluate/verify-model.js';
import { summarizeVerification } from '../report/index.js';

/** How an exported model differs from the original on the same images. */
export interface ExportCheck {
  images: number;
  identities: number;
  pairKind: EvaluationImages['pairKind'];
  /** Largest difference of a value of an embedding. */
  largestDifference: number;
  /** Smallest cosine between the two embeddings of an image. */
  smallestCosine: number;
  /** TPR of both at each FPR; null for a rate that the number of pairs does not resolve. */
  tpr: {
    fpr: string;
    original: number | null;
    exported: number | null;
    /** Lowest cosine of the export that counts as the same identity at this FPR. */
    threshold: number | null;
  }[];
}

/** Embeds images with both models and compares embeddings and verification. */
export async function checkExport(
  original: Embedder,
  exported: Embedder,
  images: EvaluationImages,
): Promise<ExportCheck> {
  const [ours, theirs] = [await measure(original, images), await measure(exported, images)];
  const { dimensions } = ours;
  let largestDifference = 0;
  let smallestCosine = 1;
  for (let row = 0; row < ours.embeddings.length; row += dimensions) {
    let cosine = 0;
    for (let i = row; i < row + dimensions; i++) {
      cosine += ours.embeddings[i] * theirs.embeddings[i];
      const difference = Math.abs(ours.embeddings[i] - theirs.embeddings[i]);
      // Written so that NaN is the largest.
      if (!(difference <= largestDifference)) largestDifference = difference;
    }
    if (!(cosine >= smallestCosine)) smallestCosine = cosine;
  }
  const tpr = Object.entries(ours.tprAtFpr).map(([fpr, value]) => ({
    fpr,
    original: value,
    exported: theirs.tprAtFpr[fpr] ?? null,
    threshold: theirs.thresholds[fpr] ?? null,
  }));
  const { identities, pairKind } = images;
  return { images: images.images.length, identities, pairKind, largestDifference, smallestCosine, tpr };
}

async function measure(embedder: Embedder, images: EvaluationImages) {
  const { embeddings, dimensions, verification, protocol } = await verifyModel(
    imageEmbedder(embedder),
    images,
  );
  const { tprAtFpr, thresholds } = summarizeVerification(verification, protocol).summary;
  return { embeddings, dimensions, tprAtFpr, thresholds };
}
