import type { EmbedderOptions } from '@unitsphere/embedder';
import type { Preprocessing } from '@unitsphere/images';
import type { Config } from '../config/config.js';

/**
 * Returns the part of a config that describes the trained model.
 * @param preprocessing Of the checkpoint. Default: the trainer's, which earlier versions stored in part.
 */
export function describeModel(
  { model, data }: Pick<Config, 'model' | 'data'>,
  preprocessing?: Partial<Preprocessing>,
): EmbedderOptions {
  const { backbone, outIndex, neck, norm, embeddingSize } = model;
  return {
    backbone,
    ...(outIndex !== undefined && { outIndex }),
    neck,
    ...(model.neck === 'squeeze' && { squeezeRatio: model.squeezeRatio }),
    head: 'linear',
    norm,
    embeddingSize,
    imageSize: data.imageSize,
    ...(preprocessing && { preprocessing }),
  };
}
