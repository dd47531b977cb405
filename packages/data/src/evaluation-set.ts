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

/** An image of an evaluation set, before it is loaded. */
export interface EvaluationEntry {
  /** Index of the identity in the source. */
  readonly identity: number;
  /** Position of the identity among those evaluated; equal labels mean the same identity. */
  readonly label: number;
  readonly kind: 'clean' | 'augmented' | 'sample';
  /** Index of the identity's sample. */
  readonly sample: number;
  /** Number of the augmented copy; 0 for other kinds. */
  readonly copy: number;
}

/** One image of an evaluation set. */
export interface EvaluationImage extends Pick<EvaluationEntry, 'identity' | 'label' | 'kind'> {
  /** The image, size × size. */
  readonly image: Image;
}

/**
 * The images for verification or identification: for each identity its clean first sample, then its augmented images or its other
 * samples. They are loaded when they are needed. The images of an identity depend only on the source, the identity's name and the
 * options, not on the other identities.
 */
export class EvaluationSet {
  /** The images in order of their labels. An identity's first image is `clean`. */
  readonly entries: readonly EvaluationEntry[];
  readonly #source: ImageSource;
  readonly #options: EvaluationOptions;
  readonly #augmentation: Augmentation;

  /**
   * @throws RangeError if an identity is not in the source, a number is out of range, or `from` is "samples" and no identity has
   * two.
   */
  constructor(source: ImageSource, identities: readonly number[], options: EvaluationOptions) {
    this.#source = source;
    this.#options = options;
    this.#augmentation = new Augmentation(options.augmentation);
    checkIdentities(source, identities, options);
    this.entries = identities.flatMap((identity, label) => listImages(source, identity, label, options));
  }

  /**
   * Loads an image.
   * @throws RangeError if the index is out of range; whatever the source throws.
   */
  async load(index: number): Promise<Image> {
    const entry = this.entries[index];
    if (!entry) throw new RangeError(`EvaluationSet: image ${index} is not in [0, ${this.entries.length}).`);
    const { identity, sample, kind, copy } = entry;
    const { size, seed } = this.#options;
    if (kind !== 'augmented') return loadAt(this.#source, identity, sample, size);
    const first = await this.#source.load(identity, sample);
    const unchanged = applyView(first, 0, size);
    const random = new Random(seed, 'evaluation', this.#source.identities[identity].name, copy);
    let image = this.#augmentation.augment(first, random, size);
    // An unchanged copy would be a pair of cosine 1, which nothing has to recognize.
    for (let draw = 1; draw < DRAWS && equalPixels(image, unchanged); draw++) {
      image = this.#augmentation.augment(first, random, size);
    }
    return image;
  }
}

/**
 * Generates the images of an `EvaluationSet` one after the other.
 * @throws RangeError before the first image under the conditions of `EvaluationSet`.
 */
export async function* evaluationSet(
  source: ImageSource,
  identities: readonly number[],
  options: EvaluationOptions,
): AsyncGenerator<EvaluationImage, void, undefined> {
  const set = new EvaluationSet(source, identities, options);
  for (const [index, { identity, label, kind }] of set.entries.entries()) {
    // A canvas frees its pixel memory only when the event loop turns.
    if (kind === 'clean') await new Promise((resolve) => setTimeout(resolve));
    yield { identity, label, kind, image: await set.load(index) };
  }
}

function checkIdentities(
  source: ImageSource,
  identities: readonly number[],
  { augmented = 8, from }: EvaluationOptions,
): void {
  if (!Number.isInteger(augmented) || augmented < 1) {
    throw new RangeError(`evaluationSet: augmented must be a positive integer, not ${augmented}.`);
  }
  for (const identity of identities) {
    if (source.identities[identity]) continue;
    throw new RangeError(
      `evaluationSet: identity ${identity} is not in the source, which has ${source.identities.length} identities.`,
    );
  }
  if (from === 'samples' && identities.every((identity) => source.identities[identity].samples < 2)) {
    throw new RangeError(
      'evaluationSet: no identity has two samples, but from: "samples" requires some; set from: "augmentation".',
    );
  }
}

function listImages(
  source: ImageSource,
  identity: number,
  label: number,
  { augmented = 8, from = 'augmentation' }: EvaluationOptions,
): EvaluationEntry[] {
  const { samples } = source.identities[identity];
  const clean: EvaluationEntry = { identity, label, kind: 'clean', sample: 0, copy: 0 };
  if (from === 'augmentation') {
    const copies = Array.from({ length: augmented }, (_, copy) => copy);
    return [clean, ...copies.map((copy): EvaluationEntry => ({ ...clean, kind: 'augmented', copy }))];
  }
  const count = Math.min(samples, augmented + 1);
  const distance = source.contents ? samples / count : 1;
  const others = Array.from({ length: count - 1 }, (_, i) => Math.floor((i + 1) * distance));
  return [clean, ...others.map((sample): EvaluationEntry => ({ ...clean, kind: 'sample', sample }))];
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
