import { type BackboneName, listBackbones } from '@unitsphere/backbones';
import type { Preprocessing } from '@unitsphere/images';
import { listNecks, type NeckName } from '@unitsphere/necks';
import { listNorms, type NormName } from '@unitsphere/norms';
import { EmbedderError } from './embedder-error.js';

/** What follows the neck: the reference system's two linear layers with norms, or nothing. */
export type HeadName = 'linear' | 'none';

/** The architecture of an embedding model. */
export interface ModelDescription {
  backbone: BackboneName;
  /** Index of the backbone's last map that is used; later layers do not exist. Default: the last. */
  outIndex?: number;
  neck: NeckName;
  /** Only for the neck `squeeze`: fraction of the channels that are kept. Default: 0.25. */
  squeezeRatio?: number;
  head: HeadName;
  /** Only for the head `linear`: the norm after each layer. */
  norm?: NormName;
  /** Only for the head `linear`: length of the embedding. Without a head, it is the number of the neck's features. */
  embeddingSize?: number;
  /** Side of the square input in pixels. */
  imageSize: number;
}

/** Architecture and preprocessing of an embedder, complete. */
export interface EmbedderConfig {
  readonly model: ModelDescription;
  readonly preprocessing: Preprocessing;
}

/** What `createEmbedder` requires; the rest has the trainer's defaults. */
export interface EmbedderOptions extends Partial<Omit<ModelDescription, 'backbone'>> {
  /** Name of the backbone, as in timm or insightface. */
  backbone: BackboneName;
  /** Default: squash to imageSize, bilinear, ImageNet's mean and standard deviation. */
  preprocessing?: Partial<Omit<Preprocessing, 'imageSize'>>;
}

/** Returns the trainer's preprocessing: images squashed to a square, ImageNet's mean and standard deviation. */
export function imageNetPreprocessing(imageSize: number): Preprocessing {
  return {
    imageSize,
    channelOrder: 'RGB',
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    cropMode: 'squash',
    interpolation: 'bilinear',
  };
}

/** Fills in the defaults of an architecture. @throws EmbedderError for a value that no model can have. */
export function completeConfig({ preprocessing, ...given }: EmbedderOptions): EmbedderConfig {
  const model = completeModel(given);
  return { model, preprocessing: { ...imageNetPreprocessing(model.imageSize), ...preprocessing } };
}

function completeModel(given: Omit<EmbedderOptions, 'preprocessing'>): ModelDescription {
  const { backbone, outIndex, neck = 'squeeze', head = 'linear', imageSize = 128 } = given;
  const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 1;
  check('backbone', backbone, listBackbones());
  check('neck', neck, listNecks());
  check('head', head, ['linear', 'none']);
  if (!isCount(imageSize)) throw wrong('imageSize', 'a positive integer', imageSize);
  if (outIndex !== undefined && !(Number.isInteger(outIndex) && outIndex >= 0)) {
    throw wrong('outIndex', 'a non-negative integer', outIndex);
  }
  const shared = { backbone, ...(outIndex !== undefined && { outIndex }), neck };
  const { squeezeRatio = 0.25, norm = 'layernorm-batchnorm', embeddingSize = 256 } = given;
  if (!(squeezeRatio > 0 && squeezeRatio <= 1)) throw wrong('squeezeRatio', 'in (0, 1]', squeezeRatio);
  const body = { ...shared, ...(neck === 'squeeze' && { squeezeRatio }), head };
  if (head === 'none') return { ...body, imageSize };
  check('norm', norm, listNorms());
  if (!isCount(embeddingSize)) throw wrong('embeddingSize', 'a positive integer', embeddingSize);
  return { ...body, norm, embeddingSize, imageSize };
}

function check(name: string, value: unknown, known: readonly string[]): void {
  if (!known.includes(value as string)) throw wrong(name, `one of ${known.join(', ')}`, value);
}

function wrong(name: string, expected: string, found: unknown): EmbedderError {
  return new EmbedderError(
    'MODEL_INVALID',
    `${name} must be ${expected}, not ${JSON.stringify(found)?.slice(0, 100)}`,
  );
}
