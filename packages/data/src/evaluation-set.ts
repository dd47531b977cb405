import { Random } from '@unitsphere/core/random';
import { Augmentation, type AugmentationOptions } from './augment/augmentation.js';
import type { Image } from './image.js';
import type { ImageSource } from './source.js';
import { applyView } from './views.js';

/** What images to compare identities by. */
export interface EvaluationOptions {
  /** Side of the images in pixels. */
  readonly size: number;
  readonly seed: number;
  /** Augmented images beside each identity's clean one; default 8. */
  readonly augmented?: number;
  /** How they are augmented; default as in training, which leaves one in sixteen as it is. */
  readonly augmentation?: AugmentationOptions;
  /**
   * `augmentation` (the default) changes each identity's first sample; `samples` takes its other samples as they are,
   * up to `augmented` of them, for sources with true samples.
   */
  readonly from?: 'augmentation' | 'samples';
}

/** One image of an evaluation. */
export interface EvaluationImage {
  /** Index in the source. */
  readonly identity: number;
  /** Position among the identities evaluated: equal labels are the same identity. */
  readonly label: number;
  readonly kind: 'clean' | 'augmented' | 'sample';
  /** size × size. */
  readonly image: Image;
}

/**
 * The images to verify or identify by: for each identity its first sample clean, then its augmented images or its
 * other samples. Depends on the source, the identity's name and the options alone, not on which other identities
 * are evaluated.
 *
 * @throws RangeError if an identity is not in the source, a number is out of range, or `from` is "samples" and an
 * identity has only one; all before the first image.
 */
export async function* evaluationSet(
  source: ImageSource,
  identities: readonly number[],
  options: EvaluationOptions,
): AsyncGenerator<EvaluationImage, void, undefined> {
  const { size, seed, augmented = 8, from = 'augmentation' } = options;
  if (!Number.isInteger(augmented) || augmented < 1) {
    throw new RangeError(`evaluationSet: augmented must be a positive integer, not ${augmented}.`);
  }
  for (const identity of identities) {
    const found = source.identities[identity];
    if (!found) {
      throw new RangeError(
        `evaluationSet: identity ${identity} is not in the source, which has ${source.identities.length}.`,
      );
    }
    if (from === 'samples' && found.samples < 2) {
      throw new RangeError(
        `evaluationSet: "${found.name}" has one sample, and from is "samples"; leave it out or use "augmentation".`,
      );
    }
  }
  const augmentation = new Augmentation(options.augmentation);
  for (let label = 0; label < identities.length; label++) {
    const identity = identities[label];
    const { name, samples } = source.identities[identity];
    // The event loop's turn: a generator that draws on a canvas gets its pixel memory back only then.
    await new Promise((resolve) => setTimeout(resolve));
    const first = await source.load(identity, 0);
    yield { identity, label, kind: 'clean', image: applyView(first, 0, size) };
    if (from === 'samples') {
      for (let sample = 1; sample < Math.min(samples, augmented + 1); sample++) {
        yield {
          identity,
          label,
          kind: 'sample',
          image: applyView(await source.load(identity, sample), 0, size),
        };
      }
    } else {
      for (let i = 0; i < augmented; i++) {
        const random = new Random(seed, 'evaluation', name, i);
        yield { identity, label, kind: 'augmented', image: augmentation.augment(first, random, size) };
      }
    }
  }
}
