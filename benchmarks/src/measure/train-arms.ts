import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveRepositoryFile } from './repository-file.js';

const CLI = resolveRepositoryFile('apps/trainer/bin/unitsphere.js');

/** The fields of `summary.json` that are used. */
interface TrainingFigures {
  steps: number;
  classes: number;
  imagesSeen: number;
  stepSeconds: number;
  lossSeconds: number;
  heldOut: { tprAtFpr: Record<string, number>; auroc: number; pairs: { positive: number; negative: number } };
}

/** One of the trainings that are compared, for all seeds. */
export interface Arm {
  id: string;
  label: string;
  /** Settings as for `unitsphere train --set`. */
  settings: string[];
}

/** Figures of one training of an arm, from its summary. */
export interface ArmFigures extends Omit<TrainingFigures, 'heldOut' | 'lossSeconds'> {
  arm: string;
  seed: number;
  tprAtFpr: Record<string, number>;
  auroc: number;
  pairs: { positive: number; negative: number };
}

/** Options of {@link trainArms}. */
export interface ArmTrainings {
  /** Path of the config, relative to the repository. */
  config: string;
  arms: readonly Arm[];
  /** Number of seeds: 0, 1, … */
  seeds: number;
  /** Folder of the runs. Finished runs in it are reused, and interrupted ones are resumed. */
  folder: string;
  /** Returns the name of a run in the folder. */
  getName(arm: Arm, seed: number): string;
  /** Returns settings common to all arms of a seed, applied before those of the arm. */
  before?(seed: number): readonly string[];
  /** Settings common to all arms, applied after those of the arm. */
  after: readonly string[];
}

/**
 * Trains every arm with each seed, each with `unitsphere train` in a separate process.
 * @returns The name and the figures of each run.
 */
export async function trainArms(
  { config, arms, seeds, folder, getName, before = () => [], after }: ArmTrainings,
  log: (message: string) => void,
): Promise<{ name: string; figures: ArmFigures; lossSeconds: number }[]> {
  await mkdir(folder, { recursive: true });
  const runs: { name: string; figures: ArmFigures; lossSeconds: number }[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    for (const arm of arms) {
      const name = getName(arm, seed);
      log(name);
      const common = [`seed=${seed}`, ...before(seed), `output.name=${name}`];
      await train(config, folder, name, [...common, ...arm.settings, ...after]);
      const { steps, classes, imagesSeen, stepSeconds, lossSeconds, heldOut } = readSummary(folder, name);
      const { tprAtFpr, auroc, pairs } = heldOut;
      const figures = { arm: arm.id, seed, steps, classes, imagesSeen, tprAtFpr, auroc, pairs, stepSeconds };
      runs.push({ name, figures, lossSeconds });
    }
  }
  return runs;
}

/**
 * Trains with a config of the repository and some settings, in a separate process. Skips a finished run, and resumes an
 * interrupted one from its last checkpoint.
 * @throws Error if the process exits with a nonzero code.
 */
async function train(config: string, folder: string, name: string, settings: string[]): Promise<void> {
  const run = join(folder, name);
  if (existsSync(join(run, 'summary.json'))) return;
  const args = existsSync(join(run, 'config.yaml'))
    ? ['--resume', run]
    : [
        resolveRepositoryFile(config),
        '--output',
        folder,
        ...settings.flatMap((setting) => ['--set', setting]),
      ];
  const child = spawn(process.execPath, [CLI, 'train', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`The training ${name} ended with code ${code}. See its output above.`);
}

/** Reads the figures of a finished training. */
function readSummary(folder: string, name: string): TrainingFigures {
  return JSON.parse(readFileSync(join(folder, name, 'summary.json'), 'utf8'));
}
