import { type EvaluationEntry, EvaluationSet, type Image, type ImageSource } from '@unitsphere/data';
import type { Config, EvaluationConfig } from '../config/config.js';
import { nextTurn } from '../next-turn.js';
import type { Protocol } from '../report/index.js';
import { UserError } from '../user-error.js';

/** Memory for the pixels of one evaluation's images. */
const KEPT_BYTES = 128 * 2 ** 20;
/** Images that are decoded at once, in their full size. */
const AT_ONCE = 4;

/** The images of an evaluation. Every evaluation of a run uses the same pixels. */
export interface EvaluationImages {
  readonly pairKind: Protocol['pairKind'];
  /** The images, in order of their labels. An identity's first image is `clean`. */
  readonly images: readonly EvaluationEntry[];
  /** Number of identities. */
  readonly identities: number;
  /** Returns the pixels of images by their positions. Those that do not fit in memory are made again each time. */
  load(positions: readonly number[]): Promise<Image[]>;
}

/** The images of one or two evaluations; figures never mix the two kinds of pairs. */
export interface EvaluationImageSets {
  /** The images of the figures that a run is judged by. */
  readonly main: EvaluationImages;
  /** Augmented copies for identities with one image, if the main pairs are real and there are at least two of them. */
  readonly copies?: EvaluationImages;
}

/** Options of {@link evaluationImages}. */
export interface EvaluationImageOptions extends Omit<EvaluationConfig, 'pairFiles'> {
  /** Side of the images in pixels. */
  readonly size: number;
  /** Seed of the augmentation. */
  readonly seed: number;
}

/** Returns a config's options for the images of an evaluation. */
export function evaluationOptions({ data, seed, evaluation }: Config): EvaluationImageOptions {
  const { pairFiles: _, ...options } = evaluation;
  return { ...options, size: data.imageSize, seed };
}

/**
 * Returns the images of an evaluation. Real pairs use all identities: those with one image have only pairs with others. Without
 * identities, as for a part of the split that is zero, there are no images.
 * @throws UserError if real pairs are required, but fewer than two identities have two images.
 */
export function evaluationImages(
  source: ImageSource,
  identities: readonly number[],
  options: EvaluationImageOptions,
): EvaluationImageSets {
  const single = identities.filter((identity) => source.identities[identity].samples < 2);
  const several = identities.length - single.length;
  if (options.pairs === 'real' && several < 2 && identities.length > 0) {
    throw new UserError(
      `evaluation.pairs is real, but ${several} of ${identities.length} identities have two images`,
      { hint: 'Add images to the identities, or use --set evaluation.pairs=augmented.' },
    );
  }
  if (options.pairs === 'augmented' || several < 2) {
    return { main: listImages(source, identities, 'augmented', options) };
  }
  return {
    main: listImages(source, identities, 'real', options),
    ...(options.pairs === 'auto' &&
      single.length >= 2 && { copies: listImages(source, single, 'augmented', options) }),
  };
}

function listImages(
  source: ImageSource,
  identities: readonly number[],
  pairKind: Protocol['pairKind'],
  { size, seed, imagesPerIdentity }: EvaluationImageOptions,
): EvaluationImages {
  const from = pairKind === 'real' ? 'samples' : 'augmentation';
  const set = new EvaluationSet(source, identities, { size, seed, augmented: imagesPerIdentity - 1, from });
  const kept = new Map<number, Image>();
  const most = Math.floor(KEPT_BYTES / (3 * size * size));
  const loadOne = async (position: number) => {
    const known = kept.get(position);
    if (known) return known;
    const image = await set.load(position);
    if (kept.size < most) kept.set(position, image);
    return image;
  };
  const { concurrency = 1 } = source;
  return {
    pairKind,
    images: set.entries,
    identities: identities.length,
    async load(positions) {
      const loaded: Image[] = [];
      const atOnce = Math.min(AT_ONCE, concurrency);
      for (let from = 0; from < positions.length; from += atOnce) {
        loaded.push(...(await Promise.all(positions.slice(from, from + atOnce).map(loadOne))));
        // A canvas frees its pixel memory only when the event loop turns.
        await nextTurn();
      }
      return loaded;
    },
  };
}

/** Describes the images of an evaluation in one phrase, for example "real pairs of 94 images of 12 identities". */
export function describeImages({ pairKind, images, identities }: EvaluationImages): string {
  const kind = pairKind === 'real' ? 'real pairs of' : 'augmented copies:';
  return `${kind} ${images.length} images of ${identities} identities`;
}
