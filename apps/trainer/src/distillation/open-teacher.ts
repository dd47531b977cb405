import { createClipTeacher, loadClipTower, type Teacher } from '@unitsphere/clip-distiller';
import { createOnnxTeacher, OnnxTeacherError } from '@unitsphere/clip-distiller/onnx';
import { SafetensorsError } from '@unitsphere/core';
import { CheckpointError, SourceError, WeightsMismatchError } from '@unitsphere/pretrained';
import type { TeacherConfig } from '../config/config.js';
import { UserError } from '../user-error.js';

const KNOWN = [OnnxTeacherError, SafetensorsError, CheckpointError, SourceError, WeightsMismatchError];

/**
 * Opens the teacher of a config, in Node.
 * @throws UserError if its file cannot be fetched, read or run, or does not fit.
 */
export async function openTeacher(config: TeacherConfig): Promise<Teacher> {
  try {
    if ('onnx' in config) {
      const { onnx, preprocessing, output, layout } = config;
      return await createOnnxTeacher(onnx, { preprocessing, output, layout });
    }
    const { tower } = await loadClipTower(config.clip, config.weights);
    return await createClipTeacher(tower, { name: config.clip });
  } catch (error) {
    if (!KNOWN.some((type) => error instanceof type)) throw error;
    const named = 'onnx' in config ? config.onnx : `${config.clip} (${config.weights})`;
    throw new UserError(`the teacher ${named} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}
