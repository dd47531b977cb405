import type { Backbone } from '@unitsphere/backbones';
import { SafetensorsError } from '@unitsphere/core';
import {
  CheckpointError,
  type LoadedWeights,
  loadPretrained as load,
  SourceError,
  WeightsMismatchError,
} from '@unitsphere/pretrained';
import { UserError } from '../user-error.js';
import type { Preprocessing } from './preprocessing.js';

const KNOWN = [SafetensorsError, CheckpointError, SourceError, WeightsMismatchError];

/**
 * Puts published weights into a backbone: a file, an address, or a model of the Hugging Face hub.
 * @throws UserError when they cannot be had or read, or do not fit.
 */
export async function loadPretrained(backbone: Backbone, source: string): Promise<LoadedWeights> {
  try {
    return await load(backbone, source);
  } catch (error) {
    if (!KNOWN.some((type) => error instanceof type)) throw error;
    throw new UserError(`the pretrained weights ${source} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** What to know where weights were trained on other inputs than they get here; undefined where they are the same, or nothing says. */
export function otherInputs({ preprocessing }: LoadedWeights, here: Preprocessing): string | undefined {
  if (!preprocessing) return undefined;
  const { channelOrder, mean, std } = preprocessing;
  const differs = (a: readonly number[], b: readonly number[]) =>
    a.some((value, c) => Math.abs(value - b[c]) > 1e-3);
  if (channelOrder === here.channelOrder && !differs(mean, here.mean) && !differs(std, here.std))
    return undefined;
  const inputs = `${channelOrder}, mean ${mean.join(' ')}, standard deviation ${std.join(' ')}`;
  return `the pretrained weights are for other inputs (${inputs}) than this training's, which are ImageNet's; they still are a start, but a poorer one`;
}
