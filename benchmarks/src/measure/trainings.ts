import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryFile } from './repository-file.js';

const CLI = repositoryFile('apps/trainer/bin/unitsphere.js');

/** What of a training's summary.json is used. */
export interface TrainingFigures {
  steps: number;
  classes: number;
  imagesSeen: number;
  stepSeconds: number;
  lossSeconds: number;
  heldOut: { tprAtFpr: Record<string, number>; auroc: number; pairs: { positive: number; negative: number } };
}

/**
 * Trains with a config of the repository and some settings, in a process of its own: not again where the run is finished, and
 * on from its last checkpoint where it was cut short.
 * @throws Error where it does not end well.
 */
export async function train(config: string, folder: string, name: string, settings: string[]): Promise<void> {
  const run = join(folder, name);
  if (existsSync(join(run, 'summary.json'))) return;
  const args = existsSync(join(run, 'config.yaml'))
    ? ['--resume', run]
    : [repositoryFile(config), '--output', folder, ...settings.flatMap((setting) => ['--set', setting])];
  const child = spawn(process.execPath, [CLI, 'train', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`the training ${name} ended with code ${code}; see above.`);
}

/** The figures of a finished training. */
export function summaryOf(folder: string, name: string): TrainingFigures {
  return JSON.parse(readFileSync(join(folder, name, 'summary.json'), 'utf8'));
}
