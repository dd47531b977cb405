import { pairedRatio } from '../measure/statistics.js';
import type { NamedRatio, StepRatios, StepResult } from './step-report.js';

/** Computes the ratios between our results and those of each peer. Each side is represented by its fastest setting. */
export function computeRatios(results: readonly StepResult[]): StepRatios {
  const fastest = (family: StepResult['family'], backend: string) =>
    results
      .filter((one) => one.family === family && one.backend === backend && !one.extra)
      .sort((a, b) => a.stepMilliseconds.median - b.stepMilliseconds.median)
      .at(0);
  const wasm = fastest('ours', 'wasm');
  const native = fastest('ours', 'native');
  const best = native ?? wasm;
  const pytorch = fastest('pytorch', 'cpu');
  const speeds: Record<string, NamedRatio> = {};
  const speed = (name: string, ours?: StepResult, theirs?: StepResult): number | null => {
    if (!ours || !theirs) return null;
    // Images per second are inversely proportional to milliseconds per step.
    const ratio = pairedRatio(theirs.stepMilliseconds.turns, ours.stepMilliseconds.turns);
    speeds[name] = { ...ratio, ours: ours.id, theirs: theirs.id };
    return ratio.median;
  };
  const both = best && pytorch;
  return {
    ratioToPyTorch: speed('ratioToPyTorch', best, pytorch),
    wasmRatioToPyTorch: native ? speed('wasmRatioToPyTorch', wasm, pytorch) : null,
    ratioToStockCpu: speed('ratioToStockCpu', wasm, fastest('stock', 'cpu')),
    ratioToStockWebgpu: speed('ratioToStockWebgpu', fastest('ours', 'webgpu'), fastest('stock', 'webgpu')),
    peakMemoryRatioToPyTorch: both ? best.peakRss / pytorch.peakRss : null,
    workingMemoryRatioToPyTorch: both
      ? (best.peakRss - best.footprint) / (pytorch.peakRss - pytorch.footprint)
      : null,
    ratios: speeds,
  };
}
