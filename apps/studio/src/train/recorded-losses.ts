import type { BrowserCheckpoint } from 'unitsphere/browser';

/** Returns the losses in the metrics of a checkpoint, by their steps. */
export function recordedLosses({ metrics, step: last }: BrowserCheckpoint): [step: number, loss: number][] {
  return metrics.flatMap(({ step, loss }) =>
    typeof loss === 'number' && step <= last ? [[step, loss] as [number, number]] : [],
  );
}
