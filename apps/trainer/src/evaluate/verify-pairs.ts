import { decodeBytes, squash } from '@unitsphere/images';
import { lfwAccuracy, type PairFile, pairDistances, validationRate } from '@unitsphere/verification';
import type { PairFileSummary } from '../report/index.js';
import { UserError } from '../user-error.js';
import { type ImageEmbedder, joinEmbeddings } from './embed.js';

/** Images that are decoded at once. */
const CHUNK = 128;
const FAR = 1e-3;

/** Options of {@link verifyPairs}. */
export interface VerifyPairsOptions {
  /** Side of the network's input in pixels. */
  readonly imageSize: number;
  /** Name of the set, for messages. */
  readonly name: string;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Verifies a network on listed pairs by insightface's protocol: the embedding of an image is that of the image plus that of its
 * mirror image, before scaling to unit length. The accuracy and the validation rate are means over 10 folds, each at the threshold
 * that the other nine choose.
 * @throws UserError if an image cannot be decoded, or the network gives NaN or infinity.
 * @see insightface, recognition/arcface_torch/eval/verification.py.
 */
export async function verifyPairs(
  embedder: ImageEmbedder,
  { images, isSame }: PairFile,
  { imageSize, name, onProgress }: VerifyPairsOptions,
): Promise<PairFileSummary> {
  const parts: Float32Array[] = [];
  let dimensions = 0;
  for (let from = 0; from < images.length; from += CHUNK) {
    const pixels = await Promise.all(
      images
        .slice(from, from + CHUNK)
        .map((bytes, i) => decode(bytes, imageSize, `image ${from + i} of ${name}`)),
    );
    const upright = await embedder.embed(pixels, { normalize: false });
    const mirrored = await embedder.embed(
      pixels.map((image) => mirror(image, imageSize)),
      { normalize: false },
    );
    parts.push(upright.embeddings.map((value, i) => value + mirrored.embeddings[i]));
    dimensions = upright.dimensions;
    onProgress?.(Math.min(images.length, from + CHUNK), images.length);
  }
  try {
    return summarizePairs(pairDistances(joinEmbeddings(parts), dimensions), isSame);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new UserError(`the set ${name} cannot be verified: ${cause.message}`, { cause });
  }
}

/** Computes the figures of pairs from their squared distances. */
export function summarizePairs(distances: Float64Array, isSame: readonly boolean[]): PairFileSummary {
  const { accuracy, std, folds } = lfwAccuracy(distances, isSame);
  const rate = validationRate(distances, isSame, { far: FAR });
  const squared = folds.reduce((sum, { threshold }) => sum + threshold, 0) / folds.length;
  const positive = isSame.filter(Boolean).length;
  return {
    pairs: { positive, negative: isSame.length - positive },
    accuracy,
    accuracyStd: std,
    // Unit vectors have |a − b|² = 2 − 2 cos.
    threshold: 1 - squared / 2,
    val: rate.val,
    valStd: rate.std,
    far: rate.far,
  };
}

/** Formats figures in one phrase. */
export function describePairs({ accuracy, accuracyStd, val, far }: PairFileSummary): string {
  const percent = (share: number, digits = 2) => (100 * share).toFixed(digits);
  return `accuracy ${percent(accuracy)} % ± ${percent(accuracyStd)}, VAL ${percent(val)} % at FAR ${far.toExponential(1)}`;
}

async function decode(bytes: Uint8Array, side: number, what: string): Promise<Uint8Array> {
  try {
    return squash(await decodeBytes(bytes), side).data;
  } catch (cause) {
    throw new UserError(`${what} cannot be decoded: ${(cause as Error).message}`, { cause });
  }
}

/** Mirrors an image at its vertical axis. */
function mirror(image: Uint8Array, side: number): Uint8Array {
  const mirrored = new Uint8Array(image.length);
  for (let row = 0, at = 0; row < side; row++) {
    for (let column = side - 1; column >= 0; column--, at += 3) {
      const from = 3 * (row * side + column);
      mirrored[at] = image[from];
      mirrored[at + 1] = image[from + 1];
      mirrored[at + 2] = image[from + 2];
    }
  }
  return mirrored;
}
