import { resolve } from 'node:path';
import { Progress } from '../progress/progress.js';
import { UserError } from '../user-error.js';
import { say } from './console.js';
import { relativePath } from './relative-path.js';
import type { Work } from './work.js';

/** Options of `unitsphere prune`. */
export interface PruneCommandOptions {
  output: string;
  threshold: string;
}

/** Outliers that are printed. */
const SHOWN = 10;

/** Writes a list of a run's images without probable label errors. Returns the exit code. */
export async function prune(run: string, options: PruneCommandOptions, work: Work): Promise<number> {
  const threshold = Number(options.threshold);
  if (!(threshold > 0 && threshold < 180)) {
    throw new UserError(
      `--threshold must be an angle above 0 and below 180 degrees, not ${options.threshold}`,
    );
  }
  const progress = new Progress({ totalSteps: 1 });
  try {
    const output = resolve(options.output);
    const { outliers, images, identities } = await work.pruneRun({ run, output, threshold, progress });
    progress.done();
    process.stdout.write(
      `${outliers.length} of ${images} training images are more than ${threshold}° from their class's dominant sub-center\n`,
    );
    for (const { file, identity, angle } of outliers.slice(0, SHOWN)) {
      process.stdout.write(`  ${angle.toFixed(0)}°  ${identity}  ${file}\n`);
    }
    if (outliers.length > SHOWN) process.stdout.write(`  and ${outliers.length - SHOWN} others\n`);
    if (identities.dropped > 0) {
      say(`${identities.dropped} of ${identities.trained} identities have no image left`);
    }
    say(`The other images: ${relativePath(output)}`);
    say(`Train on them: unitsphere train --data ${relativePath(output)} --set loss.name=arcface`);
    return 0;
  } finally {
    progress.done();
  }
}
