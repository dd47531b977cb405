import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { checkpointName, readCheckpoint, temporaryStep } from './checkpoint.js';

/**
 * Puts back checkpoints that are whole but were caught by a kill between two renames. To be called before what killed
 * writes left is deleted.
 */
export async function recoverCheckpoints(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const step = temporaryStep(name);
    if (step === undefined) continue;
    const whole = await readCheckpoint(join(folder, name)).then(
      () => true,
      () => false,
    );
    // Where there is a checkpoint of that name, the rename fails, and that one stays.
    if (whole) await rename(join(folder, name), join(folder, checkpointName(step))).catch(() => {});
  }
}
