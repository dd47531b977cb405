import type { Backbone } from '@unitsphere/backbones';
import { SafetensorsError } from '@unitsphere/core';
import type { Preprocessing } from '@unitsphere/images';
import {
  CheckpointError,
  type LoadedWeights,
  loadPretrained as load,
  SourceError,
  WeightsMismatchError,
} from '@unitsphere/pretrained';
import { UserError } from '../user-error.js';

const KNOWN = [SafetensorsError, CheckpointError, SourceError, WeightsMismatchError];

/**
 * Loads published weights into a backbone from a file, a URL, or a model of the Hugging Face hub.
 * @param isTruncated Whether the backbone lacks its last layers (`model.outIndex`); the file's further layers are then skipped.
 * @throws UserError if they cannot be fetched or read, or do not fit the backbone.
 */
export async function loadPretrained(
  backbone: Backbone,
  source: string,
  isTruncated = false,
): Promise<LoadedWeights> {
  try {
    const loaded = await load(backbone, source, { strict: !isTruncated });
    if (loaded.mismatch.missing.length > 0) throw new WeightsMismatchError(source, loaded.mismatch);
    return loaded;
  } catch (error) {
    if (!KNOWN.some((type) => error instanceof type)) throw error;
    throw new UserError(`the pretrained weights ${source} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Returns a warning if the weights were trained with another preprocessing; undefined if it is the same or not stated. */
export function warnOfOtherInputs({ preprocessing }: LoadedWeights, here: Preprocessing): string | undefined {
  if (!preprocessing) return undefined;
  const { channelOrder, mean, std } = preprocessing;
  const differs = (a: readonly number[], b: readonly number[]) =>
    a.some((value, c) => Math.abs(value - b[c]) > 1e-3);
  if (channelOrder === here.channelOrder && !differs(mean, here.mean) && !differs(std, here.std))
    return undefined;
  const inputs = `${channelOrder}, mean ${mean.join(' ')}, standard deviation ${std.join(' ')}`;
  return `the pretrained weights expect other inputs (${inputs}) than this training's ImageNet normalization; they are a poorer start`;
}
