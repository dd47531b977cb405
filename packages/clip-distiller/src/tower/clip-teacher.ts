import * as tf from '@tensorflow/tfjs-core';
import type { Preprocessing } from '@unitsphere/images';
import { clipPreprocessing } from '../clip-preprocessing.js';
import { computeFingerprint } from '../fingerprint.js';
import type { Teacher } from '../teacher.js';
import type { ClipTower } from './clip-tower.js';

/** Options of {@link createClipTeacher}. */
export interface ClipTeacherOptions {
  /** Name for messages and logs. */
  name: string;
  /** Default: CLIP's preprocessing for the tower's image size. */
  preprocessing?: Preprocessing;
}

/**
 * Creates a teacher from a CLIP image tower, which the teacher then owns. Reads all weights once, for the fingerprint.
 * @throws Error if the preprocessing has another image size than the tower.
 */
export async function createClipTeacher(
  tower: ClipTower,
  { name, preprocessing = clipPreprocessing(tower.imageSize) }: ClipTeacherOptions,
): Promise<Teacher> {
  if (preprocessing.imageSize !== tower.imageSize) {
    throw new Error(
      `createClipTeacher: the preprocessing has images of ${preprocessing.imageSize} pixels, but the tower requires ${tower.imageSize}.`,
    );
  }
  return {
    name,
    width: tower.width,
    preprocessing,
    fingerprint: await computeFingerprint(JSON.stringify(tower.config), await tower.stateDict()),
    embed: async (pixels) => tf.tidy(() => tower.embed(pixels)),
    dispose: () => tower.dispose(),
  };
}
