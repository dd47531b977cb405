import { mkdir } from 'node:fs/promises';
import { describeMachine, type Machine } from '../measure/machine.js';
import { type Summary, summarize } from '../measure/statistics.js';
import { summaryOf, train } from '../measure/trainings.js';

/** One way to take the softmax. */
export interface Arm {
  id: string;
  label: string;
  settings: string[];
}

/** What one training gave. */
export interface IdentitiesRun {
  arm: string;
  seed: number;
  steps: number;
  classes: number;
  imagesSeen: number;
  tprAtFpr: Record<string, number>;
  auroc: number;
  pairs: { positive: number; negative: number };
  /** Seconds in steps, and those of them in the class centres' forward, backward and update. */
  stepSeconds: number;
  lossSeconds: number;
}

/** What `bench identities` writes. */
export interface IdentitiesReport {
  benchmark: 'identities';
  date: string;
  machine: Machine;
  /** Identities that the generator draws, and sampled classes of the second arm. */
  identities: number;
  sampledClasses: number;
  arms: Arm[];
  runs: IdentitiesRun[];
  /** Of each seed: held-out TPR at FPR 1e-3 of the sampled softmax less that of the full one. */
  tprDifference: Summary;
  /** Of each seed: seconds in the loss, sampled over full. */
  lossTimeRatio: Summary;
}

/** What it is told. */
export interface IdentitiesOptions {
  seeds: number;
  identities: number;
  sampledClasses: number;
  /** Where runs are kept: those that are finished are not made again, and one that was cut short is gone on with. */
  runs: string;
  /** Settings of both arms, as of `unitsphere train --set`. */
  set: string[];
}

const CONFIG = 'configs/many-documents.yaml';

/** Trains both arms with each seed, the trainer's own command in a process each, and compares them. */
export async function runIdentities(
  { seeds, identities, sampledClasses, runs: folder, set }: IdentitiesOptions,
  say: (message: string) => void = () => undefined,
): Promise<IdentitiesReport> {
  const arms: Arm[] = [
    { id: 'full', label: 'full softmax', settings: ['loss.partialFc={store: memory}'] },
    {
      id: 'sampled',
      label: `PartialFC, ${sampledClasses.toLocaleString('en')} classes a step`,
      settings: [`loss.partialFc={sampledClasses: ${sampledClasses}}`],
    },
  ];
  await mkdir(folder, { recursive: true });
  const runs: IdentitiesRun[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    for (const { id, settings } of arms) {
      const name = `${id}-${identities}-seed-${seed}`;
      say(name);
      const common = [`seed=${seed}`, `data.identities=${identities}`, `output.name=${name}`];
      await train(CONFIG, folder, name, [...common, ...settings, ...set]);
      const { heldOut, steps, classes, imagesSeen, stepSeconds, lossSeconds } = summaryOf(folder, name);
      const { tprAtFpr, auroc, pairs } = heldOut;
      runs.push({
        arm: id,
        seed,
        steps,
        classes,
        imagesSeen,
        tprAtFpr,
        auroc,
        pairs,
        stepSeconds,
        lossSeconds,
      });
    }
  }
  return {
    benchmark: 'identities',
    date: new Date().toISOString(),
    machine: describeMachine(),
    identities,
    sampledClasses,
    arms,
    runs,
    ...compare(runs),
  };
}

/** The two arms beside each other, seed by seed. */
export function compare(
  runs: readonly IdentitiesRun[],
): Pick<IdentitiesReport, 'tprDifference' | 'lossTimeRatio'> {
  const pairs = runs
    .filter(({ arm }) => arm === 'full')
    .map((full) => [full, runs.find(({ arm, seed }) => arm === 'sampled' && seed === full.seed)!] as const);
  return {
    tprDifference: summarize(
      pairs.map(([full, sampled]) => sampled.tprAtFpr['1e-3']! - full.tprAtFpr['1e-3']!),
    ),
    lossTimeRatio: summarize(pairs.map(([full, sampled]) => sampled.lossSeconds / full.lossSeconds)),
  };
}
