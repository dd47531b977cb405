import { resolve } from 'node:path';
import { describeMachine, type Machine } from '../measure/machine.js';
import { type Summary, summarize } from '../measure/statistics.js';
import { type Arm, type ArmFigures, trainArms } from '../measure/trainings.js';

/** What one training gave. */
export interface IdentitiesRun extends ArmFigures {
  /** Seconds of the steps in the class centers' forward, backward and update. */
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
  /** What both arms of each seed begin with: a network that has learned fewer of the seed's documents. */
  starts: ArmFigures[];
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
const START_CONFIG = 'configs/documents.yaml';
const START_ARM: Arm = {
  id: 'start',
  label: 'the network that both begin with',
  settings: ['data.imageSize=64', 'training.steps=1200', 'training.replicas=1'],
};
const startName = ({ id }: Arm, seed: number) => `${id}-seed-${seed}`;

/**
 * Trains both arms with each seed, the trainer's own command in a process each, from one network that tells the seed's
 * documents apart, and compares them.
 */
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
  const starts = await trainArms(
    {
      config: START_CONFIG,
      arms: [START_ARM],
      seeds,
      folder,
      nameOf: startName,
      after: [],
    },
    say,
  );
  const trained = await trainArms(
    {
      config: CONFIG,
      arms,
      seeds,
      folder,
      nameOf: ({ id }, seed) => `${id}-${identities}-seed-${seed}`,
      before: (seed) => [
        `data.identities=${identities}`,
        `training.growFrom=${resolve(folder, startName(START_ARM, seed))}`,
      ],
      after: set,
    },
    say,
  );
  const runs: IdentitiesRun[] = trained.map(({ figures, lossSeconds }) => ({ ...figures, lossSeconds }));
  return {
    benchmark: 'identities',
    date: new Date().toISOString(),
    machine: describeMachine(),
    identities,
    sampledClasses,
    arms,
    starts: starts.map(({ figures }) => figures),
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
      pairs.map(([full, sampled]) => sampled.tprAtFpr['1e-3'] - full.tprAtFpr['1e-3']),
    ),
    lossTimeRatio: summarize(pairs.map(([full, sampled]) => sampled.lossSeconds / full.lossSeconds)),
  };
}
