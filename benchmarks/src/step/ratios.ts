import { pairedRatio, type Summary } from '../measure/statistics.js';
import type { StepReport, StepResult } from './run-step.js';

/** A ratio of speeds with the two that are compared. */
export interface NamedRatio extends Summary {
  ours: string;
  theirs: string;
}

type Ratios = Pick<
  StepReport,
  | 'ratioToPyTorch'
  | 'ratioToStockCpu'
  | 'ratioToStockWebgpu'
  | 'peakMemoryRatioToPyTorch'
  | 'workingMemoryRatioToPyTorch'
  | 'ratios'
>;

/** Compares ours with each peer that is there; of several settings each side brings its fastest. */
export function ratios(results: readonly StepResult[]): Ratios {
  const fastest = (family: StepResult['family'], backend: string) =>
    results
      .filter((one) => one.family === family && one.backend === backend && !one.extra)
      .sort((a, b) => a.stepMilliseconds.median - b.stepMilliseconds.median)
      .at(0);
  const wasm = fastest('ours', 'wasm');
  const pytorch = fastest('pytorch', 'cpu');
  const speeds: Record<string, NamedRatio> = {};
  const speed = (name: string, ours?: StepResult, theirs?: StepResult): number | null => {
    if (!ours || !theirs) return null;
    // The one with more images a second takes fewer milliseconds.
    const ratio = pairedRatio(theirs.stepMilliseconds.turns, ours.stepMilliseconds.turns);
    speeds[name] = { ...ratio, ours: ours.id, theirs: theirs.id };
    return ratio.median;
  };
  const both = wasm && pytorch;
  return {
    ratioToPyTorch: speed('ratioToPyTorch', wasm, pytorch),
    ratioToStockCpu: speed('ratioToStockCpu', wasm, fastest('stock', 'cpu')),
    ratioToStockWebgpu: speed('ratioToStockWebgpu', fastest('ours', 'webgpu'), fastest('stock', 'webgpu')),
    peakMemoryRatioToPyTorch: both ? wasm.peakRss / pytorch.peakRss : null,
    workingMemoryRatioToPyTorch: both
      ? (wasm.peakRss - wasm.footprint) / (pytorch.peakRss - pytorch.footprint)
      : null,
    ratios: speeds,
  };
}
