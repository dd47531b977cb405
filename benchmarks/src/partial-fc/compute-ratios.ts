import { pairedRatio, type Summary } from '../measure/statistics.js';
import type { ClassesRatios, ClassesResult, RateRatios, RateResult } from './partial-fc-report.js';
import type { StoreName } from './start-head.js';

/**
 * Compares the step with the most classes to the one with the fewest, for a warm and a cold cache.
 * @throws Error if a state of the cache has no results.
 */
export function computeClassesRatios(results: readonly ClassesResult[]): ClassesRatios {
  const ratio = (cold: boolean): Summary => {
    const sorted = results.filter((one) => one.cold === cold).sort((a, b) => a.classes - b.classes);
    const [fewest, most] = [sorted.at(0), sorted.at(-1)];
    if (!fewest || !most) throw new Error(`The results with a ${cold ? 'cold' : 'warm'} cache are missing.`);
    return pairedRatio(most.stepMilliseconds.turns, fewest.stepMilliseconds.turns);
  };
  const ratios = { warm: ratio(false), cold: ratio(true) };
  return { ratioWarm: ratios.warm.median, ratioCold: ratios.cold.median, ratios };
}

/** The PyTorch setting that corresponds to insightface's published code. */
const PUBLISHED = 'pytorch-tape-fused';

const ONE_THREAD = 'pytorch-one-thread';

/**
 * Compares our sampled steps with the full softmax and with PyTorch.
 * @throws Error if the full softmax or the file store has no results.
 */
export function computeRateRatios(results: readonly RateResult[]): RateRatios {
  const full = results.find(({ role }) => role === 'full');
  if (!full) throw new Error('The results of the full softmax are missing.');
  const pytorch = results
    .filter(({ role, id }) => role === 'pytorch' && id !== ONE_THREAD)
    .sort((a, b) => a.stepMilliseconds.median - b.stepMilliseconds.median)
    .at(0);
  const published = results.find(({ id }) => id === PUBLISHED);
  const oneThread = results.find(({ id }) => id === ONE_THREAD)?.processorMilliseconds.turns;
  const stores: readonly string[] = ['device', 'host', 'file'] satisfies StoreName[];
  const sampled = results.filter(({ role }) => stores.includes(role));
  const ours = sampled.map((one) => {
    const speedup = (other: RateResult) =>
      pairedRatio(other.stepMilliseconds.turns, one.stepMilliseconds.turns);
    return {
      store: one.role as StoreName,
      ranks: one.ranks ?? 1,
      ratioToFullSoftmax: speedup(full),
      memoryRatioToFullSoftmax: one.memory.peakRss / full.memory.peakRss,
      workingMemoryRatioToFullSoftmax:
        (one.memory.peakRss - one.footprint) / (full.memory.peakRss - full.footprint),
      ratioToPyTorch: pytorch ? speedup(pytorch) : null,
      ratioToPublished: published ? speedup(published) : null,
      processorRatioToPyTorch:
        oneThread && one.processorMilliseconds.turns
          ? pairedRatio(oneThread, one.processorMilliseconds.turns)
          : null,
    };
  });
  const file = ours.find(({ store, ranks }) => store === 'file' && ranks === 1);
  if (!file) throw new Error('The results of the file store with one rank are missing.');
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
