import type { Backbone } from '@unitsphere/backbones';
import { SafetensorsError } from '@unitsphere/core';
import {
  CheckpointError,
  loadPretrained as load,
  SourceError,
  WeightsMismatchError,
} from '@unitsphere/pretrained';
import { UserError } from '../user-error.js';

const KNOWN = [SafetensorsError, CheckpointError, SourceError, WeightsMismatchError];

/**
 * Puts published weights into a backbone: a file, an address, or a model of the Hugging Face hub.
 * @throws UserError when they cannot be had or read, or do not fit.
 */
export async function loadPretrained(backbone: Backbone, source: string): Promise<void> {
  try {
    await load(backbone, source);
  } catch (error) {
    if (!KNOWN.some((type) => error instanceof type)) throw error;
    throw new UserError(`the pretrained weights ${source} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
