import { join } from 'node:path';
import { readMetrics } from 'unitsphere';
import { describeMachine, type Machine } from '../measure/machine.js';
import { type Summary, summarize } from '../measure/statistics.js';
import { type Arm, type ArmFigures, trainArms } from '../measure/train-arms.js';

export type { Arm };

/** The figures of one training. */
export interface ArmRun extends ArmFigures {
  /**
   * Norm of the distillation loss's gradient with respect to the embeddings over that of the margin loss, median of the logged
   * steps. Absent without a teacher.
   */
  gradientRatio?: number;
  /** Mean training loss of the last quarter of the steps. */
  lastLoss: number;
}

/** The report of a comparison of arms. */
export interface ArmsReport {
  benchmark: 'fine-tune' | 'distillation' | 'replicas';
  date: string;
  machine: Machine;
  /** The config of all arms. */
  config: string;
  /** Settings of all arms. */
  settings: string[];
  arms: Arm[];
  runs: ArmRun[];
  /** Held-out TPR at FPR 1e-3 of each arm minus that of the first one with the same seed, by the id of the arm. */
  tprDifferences: Record<string, Summary>;
}

/** Options of {@link runArms}. */
export interface ArmsOptions {
  benchmark: ArmsReport['benchmark'];
  /** A file of `configs/`. */
  config: string;
  arms: Arm[];
  seeds: number;
  /** Folder of the runs. Finished runs in it are reused, and interrupted ones are resumed. */
  runs: string;
  /** Settings of all arms. */
  set: string[];
}

/** Trains every arm with each seed, each with `unitsphere train` in a separate process, and compares them with the first. */
export async function runArms(
  { benchmark, config, arms, seeds, runs: folder, set }: ArmsOptions,
  log: (message: string) => void = () => undefined,
): Promise<ArmsReport> {
  const getName = ({ id }: Arm, seed: number) => `${id}-seed-${seed}`;
  const trained = await trainArms({ config, arms, seeds, folder, getName, after: set }, log);
  const runs: ArmRun[] = [];
  for (const { name, figures } of trained) {
    const records = await readMetrics(join(folder, name, 'metrics.jsonl'));
    runs.push({
      ...figures,
      ...computeGradientRatio(records),
      lastLoss: averageLastLosses(records, figures.steps),
    });
  }
  const machine = describeMachine();
  // The committed report must not contain paths of this machine.
  const removeFolders = (settings: string[]) =>
    settings.map((setting) => setting.replace(/[^=:\s]*[/\\](?=[^/\\\s]+)/g, ''));
  return {
    benchmark,
    date: new Date().toISOString(),
    machine,
    config,
    settings: removeFolders(set),
    arms: arms.map((arm) => ({ ...arm, settings: removeFolders(arm.settings) })),
    runs,
    tprDifferences: compareArms(arms, runs),
  };
}

function computeGradientRatio(records: readonly Record<string, unknown>[]): Pick<ArmRun, 'gradientRatio'> {
  const ratios = records.flatMap(({ distillationGradientNorm: own, marginGradientNorm: margin }) =>
    typeof own === 'number' && typeof margin === 'number' ? [own / margin] : [],
  );
  return ratios.length > 0 ? { gradientRatio: summarize(ratios).median } : {};
}

function averageLastLosses(records: readonly Record<string, unknown>[], steps: number): number {
  const losses = records.flatMap(({ step, loss }) =>
    typeof step === 'number' && typeof loss === 'number' && step > 0.75 * steps ? [loss] : [],
  );
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** Compares every arm with the first one, seed by seed. */
export function compareArms(
  [first, ...others]: readonly Arm[],
  runs: readonly ArmRun[],
): Record<string, Summary> {
  const baseline = new Map(
    runs.filter(({ arm }) => arm === first.id).map(({ seed, tprAtFpr }) => [seed, tprAtFpr['1e-3']]),
  );
  const differences = (arm: string) =>
    runs.flatMap((run) => {
      const base = baseline.get(run.seed);
      return run.arm === arm && base !== undefined ? [run.tprAtFpr['1e-3'] - base] : [];
    });
  return Object.fromEntries(others.map(({ id }) => [id, summarize(differences(id))]));
}
