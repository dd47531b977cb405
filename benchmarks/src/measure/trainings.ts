import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryFile } from './repository-file.js';

const CLI = repositoryFile('apps/trainer/bin/unitsphere.js');

/** What of a training's summary.json is used. */
interface TrainingFigures {
  steps: number;
  classes: number;
  imagesSeen: number;
  stepSeconds: number;
  lossSeconds: number;
  heldOut: { tprAtFpr: Record<string, number>; auroc: number; pairs: { positive: number; negative: number } };
}

/** One way to train, of two or more that are compared. */
export interface Arm {
  id: string;
  label: string;
  /** As of `unitsphere train --set`. */
  settings: string[];
}

/** What one training of an arm gave: figures of its summary. */
export interface ArmFigures extends Omit<TrainingFigures, 'heldOut' | 'lossSeconds'> {
  arm: string;
  seed: number;
  tprAtFpr: Record<string, number>;
  auroc: number;
  pairs: { positive: number; negative: number };
}

/** Which trainings {@link trainArms} makes. */
export interface ArmTrainings {
  /** A file of the repository. */
  config: string;
  arms: readonly Arm[];
  seeds: number;
  /** Where runs are kept: those that are finished are not made again, and one that was cut short is gone on with. */
  folder: string;
  /** A run's name in it. */
  nameOf(arm: Arm, seed: number): string;
  /** Settings of all arms with a seed, before an arm's own. */
  before?(seed: number): readonly string[];
  /** Settings of all arms, after an arm's own. */
  after: readonly string[];
}

/** Trains every arm with each seed, the trainer's own command in a process each; the figures of each run, and its name. */
export async function trainArms(
  { config, arms, seeds, folder, nameOf, before = () => [], after }: ArmTrainings,
  say: (message: string) => void,
): Promise<{ name: string; figures: ArmFigures; lossSeconds: number }[]> {
  await mkdir(folder, { recursive: true });
  const runs: { name: string; figures: ArmFigures; lossSeconds: number }[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    for (const arm of arms) {
      const name = nameOf(arm, seed);
      say(name);
      const common = [`seed=${seed}`, ...before(seed), `output.name=${name}`];
      await train(config, folder, name, [...common, ...arm.settings, ...after]);
      const { steps, classes, imagesSeen, stepSeconds, lossSeconds, heldOut } = summaryOf(folder, name);
      const { tprAtFpr, auroc, pairs } = heldOut;
      const figures = { arm: arm.id, seed, steps, classes, imagesSeen, tprAtFpr, auroc, pairs, stepSeconds };
      runs.push({ name, figures, lossSeconds });
    }
  }
  return runs;
}

/**
 * Trains with a config of the repository and some settings, in a process of its own: not again where the run is finished, and
 * on from its last checkpoint where it was cut short.
 * @throws Error where it does not end well.
 */
async function train(config: string, folder: string, name: string, settings: string[]): Promise<void> {
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
function summaryOf(folder: string, name: string): TrainingFigures {
  return JSON.parse(readFileSync(join(folder, name, 'summary.json'), 'utf8'));
}
