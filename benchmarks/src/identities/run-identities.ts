import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describeMachine, type Machine } from '../measure/machine.js';
import { repositoryFile } from '../measure/repository-file.js';
import { type Summary, summarize } from '../measure/statistics.js';

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

const CONFIG = repositoryFile('configs/many-documents.yaml');
const CLI = repositoryFile('apps/trainer/bin/unitsphere.js');

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
      await train(folder, name, [...common, ...settings, ...set]);
      runs.push({ arm: id, seed, ...summaryOf(join(folder, name)) });
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

async function train(folder: string, name: string, settings: string[]): Promise<void> {
  const run = join(folder, name);
  if (existsSync(join(run, 'summary.json'))) return;
  const args = existsSync(join(run, 'config.yaml'))
    ? ['--resume', run]
    : [CONFIG, '--output', folder, ...settings.flatMap((setting) => ['--set', setting])];
  const child = spawn(process.execPath, [CLI, 'train', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`the training ${name} ended with code ${code}; see above.`);
}

function summaryOf(run: string): Omit<IdentitiesRun, 'arm' | 'seed'> {
  const { heldOut, ...rest } = JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8'));
  const { steps, classes, imagesSeen, stepSeconds, lossSeconds } = rest;
  const { tprAtFpr, auroc, pairs } = heldOut;
  return { steps, classes, imagesSeen, tprAtFpr, auroc, pairs, stepSeconds, lossSeconds };
}
