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
  /** The same of the setting that is insightface's published step: its gradient by autograd. */
  ratioToPublished: Summary | null;
}

/** What the sampled step reaches: to the full softmax in a file, the store for more than memory holds; and the others. */
export interface RateRatios {
  ratioToFullSoftmax: number;
  memoryRatioToFullSoftmax: number;
  workingMemoryRatioToFullSoftmax: number;
  /** Of the fastest of ours; null where PyTorch is absent. */
  ratioToPyTorch: number | null;
  /** Ours by store and number of ranks. */
  ours: (StoreRatios & { store: StoreName; ranks: number })[];
  /** Which of ours and of PyTorch's settings was the fastest. */
  fastest: string;
  pytorch: string | null;
}

/** @throws Error where a cache state has no figures. */
export function classesRatios(results: readonly ClassesResult[]): ClassesRatios {
  const ratio = (cold: boolean): Summary => {
    const of = results.filter((one) => one.cold === cold).sort((a, b) => a.classes - b.classes);
    if (of.length === 0) throw new Error(`There are no figures of a ${cold ? 'cold' : 'warm'} cache.`);
    return pairedRatio(of.at(-1)!.stepMilliseconds.turns, of[0].stepMilliseconds.turns);
  };
  const ratios = { warm: ratio(false), cold: ratio(true) };
  return { ratioWarm: ratios.warm.median, ratioCold: ratios.cold.median, ratios };
}

/** PyTorch's setting that does what insightface's published code does. */
const PUBLISHED = 'pytorch-tape-fused';

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
  const published = results.find(({ id }) => id === PUBLISHED);
  const stores: readonly string[] = ['device', 'host', 'file'] satisfies StoreName[];
  const sampled = results.filter(({ role }) => stores.includes(role));
  const ours = sampled.map((one) => {
    const faster = (other: RateResult) =>
      pairedRatio(other.stepMilliseconds.turns, one.stepMilliseconds.turns);
    return {
      store: one.role as StoreName,
      ranks: one.ranks ?? 1,
      ratioToFullSoftmax: faster(full),
      memoryRatioToFullSoftmax: one.memory.peakRss / full.memory.peakRss,
      workingMemoryRatioToFullSoftmax:
        (one.memory.peakRss - one.footprint) / (full.memory.peakRss - full.footprint),
      ratioToPyTorch: pytorch ? faster(pytorch) : null,
      ratioToPublished: published ? faster(published) : null,
    };
  });
  const file = ours.find(({ store, ranks }) => store === 'file' && ranks === 1);
  if (!file) throw new Error('There are no figures of file.');
  const median = (i: number) => sampled[i].stepMilliseconds.median;
  const fastest = ours.reduce((best, _, i) => (median(i) < median(best) ? i : best), 0);
  return {
    ratioToFullSoftmax: file.ratioToFullSoftmax.median,
    memoryRatioToFullSoftmax: file.memoryRatioToFullSoftmax,
    workingMemoryRatioToFullSoftmax: file.workingMemoryRatioToFullSoftmax,
    ratioToPyTorch: ours[fastest].ratioToPyTorch?.median ?? null,
    ours,
    fastest: sampled[fastest].id,
    pytorch: pytorch?.id ?? null,
  };
}
