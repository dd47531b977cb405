import type { Random } from '@unitsphere/core/random';
import type { Image } from '../image.js';
import { warpView } from '../views.js';
import { type Affine, type Border, identityAffine } from '../warp.js';
import {
  augmentationGroups,
  defaultGroups,
  type GroupName,
  geometricTransforms,
  pixelTransforms,
  type TransformName,
} from './groups.js';
import type { PixelTransform } from './transform.js';

/** Options of `Augmentation`, as plain data for configurations and workers. */
export interface AugmentationOptions {
  /** Probability that an image is augmented; default 1. */
  readonly probability?: number;
  /** Probability of each group, given that the image is augmented; default 0.5 each, and 0 for `elastic`. 0 disables a group. */
  readonly groups?: Partial<Readonly<Record<GroupName, number>>>;
  /** Names of the transforms to pick from; default all. A group without a named member is disabled. */
  readonly transforms?: readonly TransformName[];
  /** Values beyond the edge of a shifted or rotated image; default `reflect`, as in albumentations 1. */
  readonly border?: Border;
}

/**
 * DocClassifier's augmentation: up to four transforms in this order, each picked from its group with the group's
 * probability: geometric (crop, or shift, scale and rotate), blur or JPEG, noise, color. Parameters follow DocClassifier
 * and otherwise albumentations; each transform's docstring says which. `elastic`, off by default, deforms handwriting after the
 * geometric group.
 *
 * Deterministic: the same image, random stream and options give the same bytes on every machine.
 */
export class Augmentation {
  /** The options given to the constructor. */
  readonly options: AugmentationOptions;
  readonly #probability: number;
  readonly #border: Border;
  readonly #geometric: { probability: number; members: readonly ((random: Random) => Affine)[] };
  readonly #pixel: readonly { probability: number; members: readonly PixelTransform[] }[];

  /**
   * @throws RangeError if a probability is outside [0, 1].
   * @throws TypeError if a group, transform or border is unknown.
   */
  constructor(options: AugmentationOptions = {}) {
    this.options = options;
    this.#probability = checkProbability('probability', options.probability ?? 1);
    this.#border = options.border ?? 'reflect';
    if (!['replicate', 'reflect', 'constant'].includes(this.#border)) {
      throw new TypeError(
        `Augmentation: border must be replicate, reflect or constant, not "${this.#border}".`,
      );
    }
    const groups = Object.keys(augmentationGroups) as GroupName[];
    const names = groups.flatMap((group) => augmentationGroups[group]);
    for (const name of Object.keys(options.groups ?? {})) {
      if (!(groups as string[]).includes(name)) {
        throw new TypeError(`Augmentation: unknown group "${name}"; use ${groups.join(', ')}.`);
      }
    }
    for (const name of options.transforms ?? []) {
      if (!names.includes(name)) {
        throw new TypeError(`Augmentation: unknown transform "${name}"; use ${names.join(', ')}.`);
      }
    }
    const allowed = new Set(options.transforms ?? names);
    const group = <T>(name: GroupName, members: Record<string, T>) => ({
      probability: checkProbability(`groups.${name}`, options.groups?.[name] ?? defaultGroups[name]),
      members: Object.entries(members)
        .filter(([member]) => allowed.has(member as TransformName))
        .map(([, transform]) => transform),
    });
    this.#geometric = group('geometric', geometricTransforms);
    const elastic = group<PixelTransform>('elastic', pixelTransforms.elastic);
    this.#pixel = [
      // It draws no number where it is off, so that images are those of DocClassifier's four groups.
      ...(elastic.probability > 0 ? [elastic] : []),
      group<PixelTransform>('blur', pixelTransforms.blur),
      group<PixelTransform>('noise', pixelTransforms.noise),
      group<PixelTransform>('color', pixelTransforms.color),
    ];
  }

  /**
   * Augments an image into another one of size × size; the input is not changed.
   *
   * @param random Random stream for this image only.
   * @param view View to augment, 0 … 23; 0 is the upright whole image.
   * @param target Memory of size × size × 3 bytes, which the result may use, to allocate less. Read the result instead of it.
   * @throws RangeError under the conditions of `applyView`.
   */
  augment(image: Image, random: Random, size: number, view = 0, target?: Uint8Array): Image {
    const acts = random.boolean(this.#probability);
    let map = identityAffine;
    let border: Border = 'replicate';
    if (acts && random.boolean(this.#geometric.probability) && this.#geometric.members.length > 0) {
      const transform = random.pick(this.#geometric.members);
      map = transform(random);
      // A crop never reads outside the image.
      if (transform === geometricTransforms.shiftScaleRotate) border = this.#border;
    }
    let output = warpView(image, view, size, map, border, target);
    if (!acts) return output;
    for (const { probability, members } of this.#pixel) {
      if (random.boolean(probability) && members.length > 0) output = random.pick(members)(output, random);
    }
    return output;
  }
}

function checkProbability(name: string, value: number): number {
  if (!(value >= 0 && value <= 1)) {
    throw new RangeError(`Augmentation: ${name} must be a probability in [0, 1], not ${value}.`);
  }
  return value;
}
