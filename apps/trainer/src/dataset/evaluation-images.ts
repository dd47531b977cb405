import { type EvaluationImage, evaluationSet, type ImageSource } from '@unitsphere/data';

/** The images of an evaluation, kept in memory so that every evaluation of a run uses the same pixels. */
export type EvaluationImages = readonly EvaluationImage[];

/** Augmented or further images of each identity, in addition to its clean image. */
export const AUGMENTED = 8;

/**
 * Returns one clean image and {@link AUGMENTED} others for each identity. The others are further samples of the identity if the
 * source has enough of them for every identity (a document photographed again), else seeded augmentations.
 */
export async function evaluationImages(
  source: ImageSource,
  identities: readonly number[],
  { size, seed }: { size: number; seed: number },
): Promise<EvaluationImages> {
  const hasSamples = identities.every((identity) => source.identities[identity].samples > AUGMENTED);
  const images: EvaluationImage[] = [];
  const options = {
    size,
    seed,
    augmented: AUGMENTED,
    from: hasSamples ? 'samples' : 'augmentation',
  } as const;
  for await (const image of evaluationSet(source, identities, options)) images.push(image);
  return images;
}
