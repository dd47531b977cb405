import { type EvaluationImage, evaluationSet, type ImageSource } from '@unitsphere/data';
import type { Config, EvaluationConfig } from '../config/config.js';
import type { Protocol } from '../report/index.js';
import { UserError } from '../user-error.js';

/** The images of an evaluation, kept in memory so that every evaluation of a run uses the same pixels. */
export interface EvaluationImages {
  readonly pairKind: Protocol['pairKind'];
  /** The images, in order of their labels. An identity's first image is `clean`. */
  readonly images: readonly EvaluationImage[];
  /** Number of identities. */
  readonly identities: number;
}

/** The images of one or two evaluations; figures never mix the two kinds of pairs. */
export interface EvaluationImageSets {
  /** The images of the figures that a run is judged by. */
  readonly main: EvaluationImages;
  /** Augmented copies for identities with one image, if the main pairs are real and there are at least two of them. */
  readonly copies?: EvaluationImages;
}

/** Options of {@link evaluationImages}. */
export interface EvaluationImageOptions extends EvaluationConfig {
  /** Side of the images in pixels. */
  readonly size: number;
  /** Seed of the augmentation. */
  readonly seed: number;
}

/** Returns a config's options for the images of an evaluation. */
export function evaluationOptions({ data, seed, evaluation }: Config): EvaluationImageOptions {
  return { ...evaluation, size: data.imageSize, seed };
}

/**
 * Loads the images of an evaluation. Real pairs use all identities: those with one image have only pairs with others.
 * @throws UserError if real pairs are required, but fewer than two identities have two images.
 */
export async function evaluationImages(
  source: ImageSource,
  identities: readonly number[],
  options: EvaluationImageOptions,
): Promise<EvaluationImageSets> {
  const single = identities.filter((identity) => source.identities[identity].samples < 2);
  const several = identities.length - single.length;
  if (options.pairs === 'real' && several < 2) {
    throw new UserError(
      `evaluation.pairs is real, but ${several} of ${identities.length} identities have two images`,
      { hint: 'Add images to the identities, or use --set evaluation.pairs=augmented.' },
    );
  }
  if (options.pairs === 'augmented' || several < 2) {
    return { main: await loadImages(source, identities, 'augmented', options) };
  }
  return {
    main: await loadImages(source, identities, 'real', options),
    ...(options.pairs === 'auto' &&
      single.length >= 2 && { copies: await loadImages(source, single, 'augmented', options) }),
  };
}

async function loadImages(
  source: ImageSource,
  identities: readonly number[],
  pairKind: Protocol['pairKind'],
  { size, seed, imagesPerIdentity }: EvaluationImageOptions,
): Promise<EvaluationImages> {
  const images: EvaluationImage[] = [];
  const from = pairKind === 'real' ? 'samples' : 'augmentation';
  for await (const image of evaluationSet(source, identities, {
    size,
    seed,
    augmented: imagesPerIdentity - 1,
    from,
  })) {
    images.push(image);
  }
  return { pairKind, images, identities: identities.length };
}

/** Describes the images of an evaluation in one phrase, for example "real pairs of 94 images of 12 identities". */
export function describeImages({ pairKind, images, identities }: EvaluationImages): string {
  const kind = pairKind === 'real' ? 'real pairs of' : 'augmented copies:';
  return `${kind} ${images.length} images of ${identities} identities`;
}
