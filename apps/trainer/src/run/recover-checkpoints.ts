import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { checkpointName, readCheckpoint, temporaryStep } from './checkpoint.js';

/**
 * Restores complete checkpoints that a kill caught between two renames. Call it before deleting leftovers of killed writes.
 */
export async function recoverCheckpoints(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const step = temporaryStep(name);
    if (step === undefined) continue;
    const whole = await readCheckpoint(join(folder, name)).then(
      () => true,
      () => false,
    );
    // The rename fails, and the existing checkpoint stays, if there is one of that name.
    if (whole) await rename(join(folder, name), join(folder, checkpointName(step))).catch(() => {});
  }
}
