import { readFile } from 'node:fs/promises';
import type { Backbone } from '@unitsphere/backbones';
import { readSafetensors, SafetensorsError, StateDictError } from '@unitsphere/core';
import { UserError } from '../user-error.js';

// What timm's classifiers have behind the features.
const CLASSIFIER_KEYS = /^(conv_head|norm_head|classifier|head)\./;

/** Puts a safetensors file of timm's into a backbone. @throws UserError when it cannot be read or does not fit. */
export async function loadPretrained(backbone: Backbone, file: string): Promise<void> {
  try {
    const { tensors } = readSafetensors(await readFile(file));
    backbone.loadStateDict(new Map([...tensors].filter(([key]) => !CLASSIFIER_KEYS.test(key))));
  } catch (error) {
    const known =
      error instanceof SafetensorsError || error instanceof StateDictError || 'code' in (error as object);
    if (!known) throw error;
    throw new UserError(`the pretrained weights ${file} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
