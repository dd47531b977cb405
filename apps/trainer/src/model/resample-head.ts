import { readSafetensors, writeSafetensors } from '@unitsphere/core';
import { resampleFeatures } from '@unitsphere/necks';
import { mapStride } from '../config/backbone-stride.js';
import type { Config } from '../config/config.js';

const HEAD_FILE = 'head.safetensors';
const FIRST_LAYER = 'head.linear1.weight';

/** Whether a network's head has weights for each place of the last map. */
export const dependsOnSize = ({ model }: Pick<Config, 'model'>) => model.neck !== 'gap';

/**
 * Fits a checkpoint's head to images of another size: the first layer behind `flatten` and `squeeze` has a weight for each place
 * of the last map.
 * @param files Files of a checkpoint that was trained on images of `from` pixels.
 * @param config The training to come, which has the same network.
 * @returns The files; the same ones where nothing depends on the size.
 */
export function resampleHead(
  files: Record<string, Uint8Array>,
  from: number,
  config: Pick<Config, 'data' | 'model'>,
): Record<string, Uint8Array> {
  const { imageSize } = config.data;
  const { model } = config;
  if (imageSize === from || !dependsOnSize(config)) return files;
  const stride = mapStride(model.backbone, model.outIndex);
  const side = (size: number) => [Math.ceil(size / stride), Math.ceil(size / stride)] as const;
  const { tensors } = readSafetensors(files[HEAD_FILE]);
  const weight = tensors.get(FIRST_LAYER);
  if (!weight) return files;
  const head = new Map(tensors).set(FIRST_LAYER, resampleFeatures(weight, side(from), side(imageSize)));
  return { ...files, [HEAD_FILE]: writeSafetensors(head) };
}
