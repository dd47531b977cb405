import { resolve } from 'node:path';
import { describeMachine, type Machine } from '../measure/machine.js';
import { type Summary, summarize } from '../measure/statistics.js';
import { type Arm, type ArmFigures, trainArms } from '../measure/train-arms.js';

/** The figures of one training. */
export interface IdentitiesRun extends ArmFigures {
  /** Seconds that all steps together spent in the forward pass, backward pass and update of the class centers. */
  lossSeconds: number;
}

/** The report of `bench identities`. */
export interface IdentitiesReport {
  benchmark: 'identities';
  date: string;
  machine: Machine;
  /** Number of generated documents. */
  identities: number;
  /** Number of classes that the second arm samples in a step. */
  sampledClasses: number;
  arms: Arm[];
  /** For each seed, the training whose network both arms start from. It has seen fewer of the seed's documents. */
  starts: ArmFigures[];
  runs: IdentitiesRun[];
  /** Held-out TPR at FPR 1e-3 of the sampled softmax minus that of the full one with the same seed. */
  tprDifference: Summary;
  /** Seconds in the loss of the sampled softmax over those of the full one with the same seed. */
  lossTimeRatio: Summary;
}

/** Options of {@link runIdentities}. */
export interface IdentitiesOptions {
  seeds: number;
  identities: number;
  sampledClasses: number;
  /** Folder of the runs. Finished runs in it are reused, and interrupted ones are resumed. */
  runs: string;
  /** Settings of both arms, as for `unitsphere train --set`. */
  set: string[];
}

const CONFIG = 'configs/many-documents.yaml';
const START_CONFIG = 'configs/documents.yaml';
const START_ARM: Arm = {
  id: 'start',
  label: 'the network that both arms start from',
  settings: ['data.imageSize=64', 'training.steps=1200', 'training.replicas=1'],
};
const getStartName = ({ id }: Arm, seed: number) => `${id}-seed-${seed}`;

/**
 * Trains both arms with each seed, each with `unitsphere train` in a separate process, and compares them. Both start from the
 * same network, which is trained first on some of the seed's documents.
 */
export async function runIdentities(
  { seeds, identities, sampledClasses, runs: folder, set }: IdentitiesOptions,
  log: (message: string) => void = () => undefined,
): Promise<IdentitiesReport> {
  const arms: Arm[] = [
    { id: 'full', label: 'full softmax', settings: ['loss.partialFc={store: memory}'] },
    {
      id: 'sampled',
      label: `PartialFC, ${sampledClasses.toLocaleString('en')} classes per step`,
      settings: [`loss.partialFc={sampledClasses: ${sampledClasses}}`],
    },
  ];
  const starts = await trainArms(
    {
      config: START_CONFIG,
      arms: [START_ARM],
      seeds,
      folder,
      getName: getStartName,
      after: [],
    },
    log,
  );
  const trained = await trainArms(
    {
      config: CONFIG,
      arms,
      seeds,
      folder,
      getName: ({ id }, seed) => `${id}-${identities}-seed-${seed}`,
      before: (seed) => [
        `data.identities=${identities}`,
        `training.growFrom=${resolve(folder, getStartName(START_ARM, seed))}`,
      ],
      after: set,
    },
    log,
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

/** Compares the two arms, seed by seed. */
export function compare(
  runs: readonly IdentitiesRun[],
): Pick<IdentitiesReport, 'tprDifference' | 'lossTimeRatio'> {
  const pairs = runs
    .filter(({ arm }) => arm === 'full')
    .flatMap((full) => {
      const sampled = runs.find(({ arm, seed }) => arm === 'sampled' && seed === full.seed);
      return sampled ? [[full, sampled] as const] : [];
    });
  return {
    tprDifference: summarize(
      pairs.map(([full, sampled]) => sampled.tprAtFpr['1e-3'] - full.tprAtFpr['1e-3']),
    ),
    lossTimeRatio: summarize(pairs.map(([full, sampled]) => sampled.lossSeconds / full.lossSeconds)),
  };
}
