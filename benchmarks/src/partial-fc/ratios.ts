import { pairedRatio, type Summary } from '../measure/statistics.js';
import type { StoreName } from './head-step.js';
import type { ClassesResult, RateResult } from './run-partial-fc.js';

/** The step with the most classes over the one with the fewest, as a time. */
export interface ClassesRatios {
  ratioWarm: number;
  ratioCold: number;
  /** The same with their spreads. */
  ratios: { warm: Summary; cold: Summary };
}

/** How a store compares. */
export interface StoreRatios {
  /** Steps of the sampled classes in the time of one of all classes. */
  ratioToFullSoftmax: Summary;
  /** Peak memory of the whole process over that of the full softmax's. */
  memoryRatioToFullSoftmax: number;
  /** The same without what each process took before its head was made. */
  workingMemoryRatioToFullSoftmax: number;
  /** Steps in the time of one of PyTorch's fastest setting; null where PyTorch is absent. */
  ratioToPyTorch: Summary | null;
}

/** What the sampled step with its centres in a file, the store for more than memory holds, reaches; and the others. */
export interface RateRatios {
  ratioToFullSoftmax: number;
  memoryRatioToFullSoftmax: number;
  workingMemoryRatioToFullSoftmax: number;
  ratioToPyTorch: number | null;
  byStore: Record<StoreName, StoreRatios>;
  /** Which of PyTorch's settings was the fastest. */
  pytorch: string | null;
}

/** @throws Error where a cache state has no figures. */
export function classesRatios(results: readonly ClassesResult[]): ClassesRatios {
  const ratio = (cold: boolean): Summary => {
    const of = results.filter((one) => one.cold === cold).sort((a, b) => a.classes - b.classes);
    if (of.length === 0) throw new Error(`There are no figures of a ${cold ? 'cold' : 'warm'} cache.`);
    return pairedRatio(of.at(-1)!.stepMilliseconds.turns, of[0]!.stepMilliseconds.turns);
  };
  const ratios = { warm: ratio(false), cold: ratio(true) };
  return { ratioWarm: ratios.warm.median, ratioCold: ratios.cold.median, ratios };
}

/** @throws Error where the full softmax or a store has no figures. */
export function rateRatios(results: readonly RateResult[]): RateRatios {
  const one = (role: RateResult['role']): RateResult => {
    const found = results.find((result) => result.role === role);
    if (!found) throw new Error(`There are no figures of ${role}.`);
    return found;
  };
  const full = one('full');
  const pytorch = results
    .filter(({ role }) => role === 'pytorch')
    .sort((a, b) => a.stepMilliseconds.median - b.stepMilliseconds.median)
    .at(0);
  const of = (store: StoreName): StoreRatios => {
    const ours = one(store);
    const faster = (other: RateResult) =>
      pairedRatio(other.stepMilliseconds.turns, ours.stepMilliseconds.turns);
    return {
      ratioToFullSoftmax: faster(full),
      memoryRatioToFullSoftmax: ours.memory.peakRss / full.memory.peakRss,
      workingMemoryRatioToFullSoftmax:
        (ours.memory.peakRss - ours.footprint) / (full.memory.peakRss - full.footprint),
      ratioToPyTorch: pytorch ? faster(pytorch) : null,
    };
  };
  const byStore = { device: of('device'), host: of('host'), file: of('file') };
  const { file } = byStore;
  return {
    ratioToFullSoftmax: file.ratioToFullSoftmax.median,
    memoryRatioToFullSoftmax: file.memoryRatioToFullSoftmax,
    workingMemoryRatioToFullSoftmax: file.workingMemoryRatioToFullSoftmax,
    ratioToPyTorch: file.ratioToPyTorch?.median ?? null,
    byStore,
    pytorch: pytorch?.id ?? null,
  };
}
