import type { Random } from '@unitsphere/core/random';
import type { Image } from '../image.js';
import { warpView } from '../views.js';
import { type Affine, type Border, identityAffine } from '../warp.js';
import {
  augmentationGroups,
  type GroupName,
  geometricTransforms,
  pixelTransforms,
  type TransformName,
} from './groups.js';
import type { PixelTransform } from './transform.js';

/** Plain data, so it can be written in a configuration and sent to a worker. */
export interface AugmentationOptions {
  /** How likely an image is augmented at all; default 1. */
  readonly probability?: number;
  /** How likely each group acts, given that the image is augmented; default 0.5 each. 0 turns a group off. */
  readonly groups?: Partial<Readonly<Record<GroupName, number>>>;
  /** The only transforms to pick from; default all. A group none of whose members is named does not act. */
  readonly transforms?: readonly TransformName[];
  /** What a shifted or turned picture shows beyond its edge; default `reflect`, albumentations' of version 1. */
  readonly border?: Border;
}

/**
 * DocClassifier's augmentation: up to four changes in this order, each with its own probability, each one member of
 * its group: geometric (crop, or shift, scale and rotate), blur or JPEG, noise, color. Parameters follow
 * albumentations' and, where it departs from them, DocClassifier's; each transform's file says which.
 *
 * The same image, stream and options give the same bytes everywhere.
 */
export class Augmentation {
  /** As given to the constructor. */
  readonly options: AugmentationOptions;
  readonly #probability: number;
  readonly #border: Border;
  readonly #geometric: { probability: number; members: readonly ((random: Random) => Affine)[] };
  readonly #pixel: readonly { probability: number; members: readonly PixelTransform[] }[];

  /** @throws RangeError for a probability outside [0, 1]; TypeError for the name of no group, transform or border. */
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
        throw new TypeError(`Augmentation: no group is called "${name}"; there are ${groups.join(', ')}.`);
      }
    }
    for (const name of options.transforms ?? []) {
      if (!names.includes(name)) {
        throw new TypeError(`Augmentation: no transform is called "${name}"; there are ${names.join(', ')}.`);
      }
    }
    const allowed = new Set(options.transforms ?? names);
    const group = <T>(name: GroupName, members: Record<string, T>) => ({
      probability: checkProbability(`groups.${name}`, options.groups?.[name] ?? 0.5),
      members: Object.keys(members)
        .filter((member) => allowed.has(member as TransformName))
        .map((member) => members[member]!),
    });
    this.#geometric = group('geometric', geometricTransforms);
    this.#pixel = [
      group<PixelTransform>('blur', pixelTransforms.blur),
      group<PixelTransform>('noise', pixelTransforms.noise),
      group<PixelTransform>('color', pixelTransforms.color),
    ];
  }

  /**
   * A new image, size × size; the one given is not changed.
   *
   * @param random A stream for this image alone.
   * @param view Which of the 24 views to augment; 0 is the picture as it is.
   * @throws RangeError as `applyView` does.
   */
  augment(image: Image, random: Random, size: number, view = 0): Image {
    const acts = random.boolean(this.#probability);
    let map = identityAffine;
    let border: Border = 'replicate';
    if (acts && random.boolean(this.#geometric.probability) && this.#geometric.members.length > 0) {
      const transform = random.pick(this.#geometric.members);
      map = transform(random);
      // A crop never looks outside the picture.
      if (transform === geometricTransforms.shiftScaleRotate) border = this.#border;
    }
    let output = warpView(image, view, size, map, border);
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
