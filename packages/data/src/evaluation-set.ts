import { Random } from '@unitsphere/core/random';
import { Augmentation, type AugmentationOptions } from './augment/augmentation.js';
import type { Image } from './image.js';
import type { ImageSource } from './source.js';
import { applyView } from './views.js';

/** Options of `evaluationSet`. */
export interface EvaluationOptions {
  /** Side of the images in pixels. */
  readonly size: number;
  /** Seed of the augmentation. */
  readonly seed: number;
  /** Number of augmented images per identity, in addition to its clean image; default 8. */
  readonly augmented?: number;
  /** Augmentation options; by default the training's. An image that they leave unchanged is drawn again. */
  readonly augmentation?: AugmentationOptions;
  /**
   * Source of the additional images. `augmentation` (the default) augments each identity's first sample. `samples` takes up
   * to `augmented` of its other samples unchanged, and none for an identity with one sample. Files are taken at equal
   * distances in the order of their names, because neighbors may be frames of one video.
   */
  readonly from?: 'augmentation' | 'samples';
}

/** One image of an evaluation set. */
export interface EvaluationImage {
  /** Index of the identity in the source. */
  readonly identity: number;
  /** Position of the identity among those evaluated; equal labels mean the same identity. */
  readonly label: number;
  readonly kind: 'clean' | 'augmented' | 'sample';
  /** The image, size × size. */
  readonly image: Image;
}

/**
 * Generates the images for verification or identification: for each identity its clean first sample, then its
 * augmented images or its other samples. The images of an identity depend only on the source, the identity's name and
 * the options, not on the other identities.
 *
 * @throws RangeError before the first image if an identity is not in the source, a number is out of range, or `from`
 * is "samples" and no identity has two.
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
        `evaluationSet: identity ${identity} is not in the source, which has ${source.identities.length} identities.`,
      );
    }
  }
  if (from === 'samples' && identities.every((identity) => source.identities[identity].samples < 2)) {
    throw new RangeError(
      'evaluationSet: no identity has two samples, but from: "samples" requires some; set from: "augmentation".',
    );
  }
  const augmentation = new Augmentation(options.augmentation);
  for (let label = 0; label < identities.length; label++) {
    const identity = identities[label];
    const { name, samples } = source.identities[identity];
    // A canvas frees its pixel memory only when the event loop turns.
    await new Promise((resolve) => setTimeout(resolve));
    yield { identity, label, kind: 'clean', image: await loadAt(source, identity, 0, size) };
    if (from === 'samples') {
      const count = Math.min(samples, augmented + 1);
      const distance = source.contents ? samples / count : 1;
      for (let i = 1; i < count; i++) {
        const image = await loadAt(source, identity, Math.floor(i * distance), size);
        yield { identity, label, kind: 'sample', image };
      }
    } else {
      const first = await source.load(identity, 0);
      const unchanged = applyView(first, 0, size);
      for (let i = 0; i < augmented; i++) {
        const random = new Random(seed, 'evaluation', name, i);
        let image = augmentation.augment(first, random, size);
        // An unchanged copy would be a pair of cosine 1, which nothing has to recognize.
        for (let draw = 1; draw < DRAWS && equalPixels(image, unchanged); draw++) {
          image = augmentation.augment(first, random, size);
        }
        yield { identity, label, kind: 'augmented', image };
      }
    }
  }
}

/** Loads a sample at the evaluated side: from its original, if the source can. */
async function loadAt(source: ImageSource, identity: number, sample: number, side: number): Promise<Image> {
  if (source.loadResized) return source.loadResized(identity, sample, side);
  return applyView(await source.load(identity, sample), 0, side);
}

/** Draws per augmented image; all of them leave it unchanged only if the options allow nothing else. */
const DRAWS = 32;

function equalPixels(a: Image, b: Image): boolean {
  return a.data.every((value, i) => value === b.data[i]);
}
