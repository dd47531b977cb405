import { describeMachine, type Machine } from '../measure/machine.js';
import { measureLosses } from '../measure/measure-losses.js';
import { resolveRepositoryFile } from '../measure/repository-file.js';

/** A backend, with one of the two builds of our WebAssembly kernels. */
export interface Variant {
  id: string;
  label: string;
  backend: string;
  /** Whether to use the kernels without fused multiply-add, which round differently. */
  plainSimd?: boolean;
}

/** The variants that train. The others are compared with the first. */
export const VARIANTS: readonly Variant[] = [
  { id: 'wasm', label: 'wasm', backend: 'wasm' },
  {
    id: 'wasm-plain',
    label: 'wasm, kernels without fused multiply-add',
    backend: 'wasm',
    plainSimd: true,
  },
  { id: 'node', label: 'node', backend: 'node' },
  { id: 'webgpu', label: 'webgpu', backend: 'webgpu' },
];

/** Relative differences of the losses of a variant from those of the first. */
export interface LossDifferences {
  id: string;
  /** Largest relative difference. */
  worst: number;
  /** Step of the largest relative difference. */
  atStep: number;
  /** Relative difference at the first step and at some later ones. */
  at: { step: number; relative: number }[];
}

/** The losses of one config with every variant. */
export interface Comparison {
  name: string;
  settings: string[];
  /** Loss of each step, by the id of the variant. */
  losses: Record<string, number[]>;
  apart: LossDifferences[];
}

/** The report of `bench first-losses`. */
export interface FirstLossesReport {
  benchmark: 'first-losses';
  date: string;
  machine: Machine;
  steps: number;
  comparisons: Comparison[];
  /** Reason why a variant is absent, by its id. */
  absent: Record<string, string>;
}

/** Options of {@link runFirstLosses}. */
export interface FirstLossesOptions {
  steps: number;
  /** Folder of cards for a second config. Optional. */
  data?: string;
  /** Learning rates. If empty, the one of the config is used. */
  lr: number[];
  /** Ids of the variants to train. `wasm` is always trained. Default: all. */
  only?: string[];
  /** Settings as for `unitsphere train --set`. */
  set?: string[];
}

const SHOWN = [1, 5, 10, 20, 30, 40, 50];

/** Trains with `unitsphere train` on every backend, with the same seed and one replica, and compares the first losses. */
export async function runFirstLosses(
  { steps, data, lr, only, set = [] }: FirstLossesOptions,
  log: (message: string) => void = () => undefined,
): Promise<FirstLossesReport> {
  const configs = [
    { name: 'documents', args: [resolveRepositoryFile('configs/documents.yaml')] },
    ...(data ? [{ name: 'cards', args: [resolveRepositoryFile('configs/cards.yaml'), '--data', data] }] : []),
  ];
  const comparisons: Comparison[] = [];
  const absent: Record<string, string> = {};
  for (const { name, args } of configs) {
    for (const rate of lr.length ? lr : [undefined]) {
      const settings = [...(rate === undefined ? [] : [`optimizer.lr=${rate}`]), ...set];
      const losses: Record<string, number[]> = {};
      for (const variant of VARIANTS.filter(({ id }) => !only || id === 'wasm' || only.includes(id))) {
        if (absent[variant.id]) continue;
        log(`${name} ${settings.join(' ')}: ${variant.label}`);
        const outcome = await measureLosses({ ...variant, args, settings, steps });
        if (typeof outcome === 'string') absent[variant.id] = outcome;
        else losses[variant.id] = outcome;
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

/** Compares the losses of each variant with those of the first. */
export function compare(losses: Record<string, readonly number[]>): LossDifferences[] {
  const [[, reference] = ['', []], ...others] = Object.entries(losses);
  return others.map(([id, own]) => {
    const relative = own.map((loss, i) => Math.abs(loss - reference[i]) / Math.abs(reference[i]));
    // NaN counts as the largest difference.
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
