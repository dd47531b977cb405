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
  const byProcessor = (name: string, ours?: StepResult, theirs?: StepResult): void => {
    const [before, after] = [theirs, ours].map((one) => one?.processorMilliseconds.turns);
    if (!ours || !theirs || !before || !after) return;
    const ratio = pairedRatio(before, after);
    speeds[name] = { ...ratio, ours: ours.id, theirs: theirs.id, byProcessor: true };
  };
  // Contenders with bfloat16 products run only if they are selected.
  const medium = results
    .filter(({ id }) => id.startsWith('unitsphere-native') && id.endsWith('-medium'))
    .sort((a, b) => a.stepMilliseconds.median - b.stepMilliseconds.median)
    .at(0);
  const float32 = results.find(({ id }) => `${id}-medium` === medium?.id);
  const autocast = results.find(({ id }) => id === 'pytorch-autocast');
  // Threads that wait for others use processor time, too.
  const autocastAlone = results.find(({ id }) => id === 'pytorch-autocast-one-thread');
  speed('mediumRatio', medium, float32);
  byProcessor('mediumProcessorRatio', medium, float32);
  speed('mediumRatioToAutocast', medium, autocast);
  byProcessor('mediumProcessorRatioToAutocast', medium, autocastAlone);
  // TensorFlow's library beside PyTorch with its default settings.
  const node = results.find(({ id }) => id === 'unitsphere-node');
  const defaults = results.find(({ id }) => id === 'pytorch-eager');
  speed('nodeRatioToPyTorch', node, defaults);
  byProcessor('nodeProcessorRatioToPyTorch', node, defaults);
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
