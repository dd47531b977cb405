import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeMachine, type Machine } from '../measure/machine.js';
import { repositoryFile } from '../measure/repository-file.js';

/** Who trains: a backend, or one of WebAssembly's two builds of our kernels by itself. */
export interface Trainee {
  id: string;
  label: string;
  backend: string;
  /** Without fused multiply-add: the same backend with other rounding. */
  plainSimd?: boolean;
}

/** The others are compared with the first. */
export const TRAINEES: readonly Trainee[] = [
  { id: 'wasm', label: 'wasm', backend: 'wasm' },
  {
    id: 'wasm-plain',
    label: 'wasm, its kernels without fused multiply-add',
    backend: 'wasm',
    plainSimd: true,
  },
  { id: 'node', label: 'node', backend: 'node' },
  { id: 'webgpu', label: 'webgpu', backend: 'webgpu' },
];

/** How far a training's losses are from the first trainee's. */
export interface LossesApart {
  id: string;
  /** The largest relative difference, and at which step. */
  worst: number;
  atStep: number;
  /** The relative difference at the first step, and at some later ones. */
  at: { step: number; relative: number }[];
}

/** One config trained on every backend. */
export interface Comparison {
  name: string;
  settings: string[];
  losses: Record<string, number[]>;
  apart: LossesApart[];
}

/** What `bench first-losses` writes. */
export interface FirstLossesReport {
  benchmark: 'first-losses';
  date: string;
  machine: Machine;
  steps: number;
  comparisons: Comparison[];
  /** Why who is not there, by id. */
  absent: Record<string, string>;
}

/** What it is told. */
export interface FirstLossesOptions {
  steps: number;
  /** A folder of cards to train on, too. */
  data?: string;
  /** Learning rates; the config's own where there is none. */
  lr: number[];
  only?: string[];
  /** Further settings, as of `unitsphere train --set`. */
  set?: string[];
}

const CLI = repositoryFile('apps/trainer/bin/unitsphere.js');
const SHOWN = [1, 5, 10, 20, 30, 40, 50];

/** Trains with `unitsphere train`, the same seed on every backend, one replica, and compares the first losses. */
export async function runFirstLosses(
  { steps, data, lr, only, set = [] }: FirstLossesOptions,
  say: (message: string) => void = () => undefined,
): Promise<FirstLossesReport> {
  const configs = [
    { name: 'documents', args: [repositoryFile('configs/documents.yaml')] },
    ...(data ? [{ name: 'cards', args: [repositoryFile('configs/cards.yaml'), '--data', data] }] : []),
  ];
  const comparisons: Comparison[] = [];
  const absent: Record<string, string> = {};
  for (const { name, args } of configs) {
    for (const rate of lr.length ? lr : [undefined]) {
      const settings = [...(rate === undefined ? [] : [`optimizer.lr=${rate}`]), ...set];
      const losses: Record<string, number[]> = {};
      for (const trainee of TRAINEES.filter(({ id }) => !only || id === 'wasm' || only.includes(id))) {
        if (absent[trainee.id]) continue;
        say(`${name} ${settings.join(' ')}: ${trainee.label}`);
        const outcome = await firstLosses(trainee, args, settings, steps);
        if (typeof outcome === 'string') absent[trainee.id] = outcome;
        else losses[trainee.id] = outcome;
      }
      comparisons.push({ name, settings, losses, apart: compare(losses) });
    }
  }
  return {
    benchmark: 'first-losses',
    date: new Date().toISOString(),
    machine: describeMachine(),
    steps,
    comparisons,
    absent,
  };
}

/** How far each is from the first. */
export function compare(losses: Record<string, readonly number[]>): LossesApart[] {
  const [[, reference] = [], ...others] = Object.entries(losses);
  return others.map(([id, own]) => {
    const relative = own.map((loss, i) => Math.abs(loss - reference![i]!) / Math.abs(reference![i]!));
    // A difference that is no number counts as the largest.
    const worst = relative.reduce((a, b) => (Number.isNaN(a) || b <= a ? a : b), 0);
    return {
      id,
      worst,
      atStep: relative.findIndex((one) => Object.is(one, worst)) + 1,
      at: SHOWN.filter((step) => step <= own.length).map((step) => ({
        step,
        relative: relative[step - 1]!,
      })),
    };
  });
}

/** The losses of a training that is stopped after so many steps; why there is none, where the backend is missing. */
async function firstLosses(
  { backend, plainSimd }: Trainee,
  args: readonly string[],
  settings: readonly string[],
  steps: number,
): Promise<number[] | string> {
  const folder = mkdtempSync(join(tmpdir(), 'first-losses-'));
  const all = [
    ...settings,
    'training.logEvery=1',
    'training.replicas=1',
    'training.validateEvery=',
    'output.name=run',
  ];
  const child = spawn(
    process.execPath,
    [
      ...(plainSimd ? ['--import', repositoryFile('benchmarks/dist/plain-simd.js')] : []),
      CLI,
      ...['train', ...args, '--backend', backend, '--output', folder],
      ...all.flatMap((setting) => ['--set', setting]),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  let ended = false;
  const end = new Promise<void>((resolve) => {
    child.once('close', () => {
      ended = true;
      resolve();
    });
  });
  try {
    const metrics = join(folder, 'run', 'metrics.jsonl');
    const read = () => (existsSync(metrics) ? lossesOf(readFileSync(metrics, 'utf8')) : []);
    while (!ended && read().length < steps) await sleep(300);
    child.kill('SIGINT');
    await end;
    const losses = read();
    if (losses.length >= steps) return losses.slice(0, steps);
    if (/cannot be used|is not available/.test(errors)) return errors.trim().split('\n')[0]!;
    throw new Error(`the training on ${backend} ended after ${losses.length} steps:\n${errors}`);
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The losses of a run's metrics; the last line may not be whole yet. */
function lossesOf(text: string): number[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)
    .flatMap((line) => {
      const { loss } = JSON.parse(line) as { loss?: number };
      return loss === undefined ? [] : [loss];
    });
}
