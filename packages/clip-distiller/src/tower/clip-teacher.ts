import * as tf from '@tensorflow/tfjs-core';
import type { Preprocessing } from '@unitsphere/pretrained';
import { clipPreprocessing } from '../clip-preprocessing.js';
import { fingerprintOf } from '../fingerprint.js';
import type { Teacher } from '../teacher.js';
import type { ClipTower } from './clip-tower.js';

/** What a teacher made of a tower is called, and how it sees images. */
export interface ClipTeacherOptions {
  /** For people and logs. */
  name: string;
  /** Default: CLIP's own, for the tower's image size. */
  preprocessing?: Preprocessing;
}

/**
 * A CLIP image tower as a teacher. Reads all of its weights once, for the fingerprint. The teacher owns the tower.
 * @throws Error where the preprocessing is for another image size than the tower's.
 */
export async function clipTeacher(
  tower: ClipTower,
  { name, preprocessing = clipPreprocessing(tower.imageSize) }: ClipTeacherOptions,
): Promise<Teacher> {
  if (preprocessing.imageSize !== tower.imageSize) {
    throw new Error(
      `clipTeacher: the preprocessing makes images of ${preprocessing.imageSize} pixels, but the tower takes ${tower.imageSize}.`,
    );
  }
  return {
    name,
    width: tower.width,
    preprocessing,
    fingerprint: await fingerprintOf(JSON.stringify(tower.config), await tower.stateDict()),
    embed: async (pixels) => tf.tidy(() => tower.embed(pixels)),
    dispose: () => tower.dispose(),
  };
}
