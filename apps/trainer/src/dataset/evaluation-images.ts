import { type EvaluationImage, evaluationSet, type ImageSource } from '@unitsphere/data';

/** The images of an evaluation, held in memory so that every evaluation of a run sees the same pixels. */
export type EvaluationImages = readonly EvaluationImage[];

/** Images beside the clean one, for each identity. */
export const AUGMENTED = 8;

/**
 * For each identity one clean image and 8 others: its own other samples where the source has them (documents photographed
 * anew), else seeded augmentations.
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
