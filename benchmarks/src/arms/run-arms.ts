import { join } from 'node:path';
import { readMetrics } from 'unitsphere';
import { describeMachine, type Machine } from '../measure/machine.js';
import { type Summary, summarize } from '../measure/statistics.js';
import { type Arm, type ArmFigures, trainArms } from '../measure/trainings.js';

export type { Arm };

/** What one training gave. */
export interface ArmRun extends ArmFigures {
  /** With a teacher: the length of its gradient for the embeddings over that of the margin loss, median of the logged steps. */
  gradientRatio?: number;
}

/** What a comparison of arms writes. */
export interface ArmsReport {
  benchmark: 'fine-tune' | 'distillation';
  date: string;
  machine: Machine;
  /** The config that all share, and settings of all. */
  config: string;
  settings: string[];
  arms: Arm[];
  runs: ArmRun[];
  /** Of each seed: held-out TPR at FPR 1e-3 of an arm less that of the first. */
  tprDifferences: Record<string, Summary>;
}

/** What it is told. */
export interface ArmsOptions {
  benchmark: ArmsReport['benchmark'];
  /** A file of configs/. */
  config: string;
  arms: Arm[];
  seeds: number;
  /** Where runs are kept: those that are finished are not made again, and one that was cut short is gone on with. */
  runs: string;
  /** Settings of all arms. */
  set: string[];
}

/** Trains every arm with each seed, the trainer's own command in a process each, and compares them with the first. */
export async function runArms(
  { benchmark, config, arms, seeds, runs: folder, set }: ArmsOptions,
  say: (message: string) => void = () => undefined,
): Promise<ArmsReport> {
  const nameOf = ({ id }: Arm, seed: number) => `${id}-seed-${seed}`;
  const trained = await trainArms({ config, arms, seeds, folder, nameOf, after: set }, say);
  const runs: ArmRun[] = [];
  for (const { name, figures } of trained) {
    runs.push({ ...figures, ...gradientRatioOf(await readMetrics(join(folder, name, 'metrics.jsonl'))) });
  }
  const machine = describeMachine();
  // Where a person's files lie is nobody else's business.
  const named = (settings: string[]) =>
    settings.map((setting) => setting.replace(/[^=:\s]*[/\\](?=[^/\\\s]+)/g, ''));
  return {
    benchmark,
    date: new Date().toISOString(),
    machine,
    config,
    settings: named(set),
    arms: arms.map((arm) => ({ ...arm, settings: named(arm.settings) })),
    runs,
    tprDifferences: compareArms(arms, runs),
  };
}

function gradientRatioOf(records: readonly Record<string, unknown>[]): Pick<ArmRun, 'gradientRatio'> {
  const ratios = records.flatMap(({ distillationGradientNorm: own, marginGradientNorm: margin }) =>
    typeof own === 'number' && typeof margin === 'number' ? [own / margin] : [],
  );
  return ratios.length > 0 ? { gradientRatio: summarize(ratios).median } : {};
}

/** Every arm beside the first, seed by seed. */
export function compareArms(
  [first, ...others]: readonly Arm[],
  runs: readonly ArmRun[],
): Record<string, Summary> {
  const tpr = (arm: string, seed: number) =>
    runs.find((run) => run.arm === arm && run.seed === seed)!.tprAtFpr['1e-3'];
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  return Object.fromEntries(
    others.map(({ id }) => [id, summarize(seeds.map((seed) => tpr(id, seed) - tpr(first.id, seed)))]),
  );
}
