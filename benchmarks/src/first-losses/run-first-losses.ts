import { describeMachine, type Machine } from '../measure/machine.js';
import { repositoryFile } from '../measure/repository-file.js';
import { trainingLosses } from '../measure/training-losses.js';

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
        const outcome = await trainingLosses({ ...trainee, args, settings, steps });
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
    const relative = own.map((loss, i) => Math.abs(loss - reference![i]) / Math.abs(reference![i]));
    // A difference that is no number counts as the largest.
    const worst = relative.reduce((a, b) => (Number.isNaN(a) || b <= a ? a : b), 0);
    return {
      id,
      worst,
      atStep: relative.findIndex((one) => Object.is(one, worst)) + 1,
      at: SHOWN.filter((step) => step <= own.length).map((step) => ({
        step,
        relative: relative[step - 1],
      })),
    };
  });
}
