import type { Pace } from '../measure/interleave.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { stepContenders } from './contenders.js';
import { runStep, type StepReport } from './run-step.js';
import type { Workload } from './workload.js';

/** What `bench step --sweep` writes. */
export interface SweepReport {
  benchmark: 'sweep';
  date: string;
  machine: Machine;
  rows: { what: string; report: StepReport }[];
  /** The row whose ratio to PyTorch is the lowest; null where PyTorch is absent. */
  worst: { what: string; ratioToPyTorch: number } | null;
}

const BATCHES = [1, 8, 32, 128, 256];
const IMAGE_SIZES = [64, 128, 224];
const BACKBONES = ['lcnet_035', 'lcnet_050', 'lcnet_100', 'lcnet_150'];

/** Workloads that differ from the base in one thing each; the base itself comes once. */
export function sweepWorkloads(base: Workload): { what: string; workload: Workload }[] {
  const others = [
    ...BATCHES.map((batch) => ({
      what: batch === 1 ? 'batch 1 (LayerNorm alone in the head)' : `batch ${batch}`,
      workload: { ...base, batch, norm: batch === 1 ? ('layernorm' as const) : base.norm },
    })),
    ...IMAGE_SIZES.map((imageSize) => ({ what: `${imageSize} px`, workload: { ...base, imageSize } })),
    ...BACKBONES.map((backbone) => ({ what: backbone, workload: { ...base, backbone } })),
  ];
  const isBase = (workload: Workload) => JSON.stringify(workload) === JSON.stringify(base);
  return [{ what: 'as above', workload: base }, ...others.filter(({ workload }) => !isBase(workload))];
}

/** Ours on WebAssembly beside PyTorch's eager settings, over batches, image sizes and widths. */
export async function runSweep(
  base: Workload,
  pace: Pace,
  say: (message: string) => void = () => undefined,
): Promise<SweepReport> {
  const rows: SweepReport['rows'] = [];
  for (const { what, workload } of sweepWorkloads(base)) {
    const specs = stepContenders(workload).filter(
      ({ family, backend, extra }) =>
        !extra && ((family === 'ours' && backend === 'wasm') || family === 'pytorch'),
    );
    rows.push({
      what,
      report: await runStep(specs, workload, pace, (message) => say(`${what}: ${message}`)),
    });
  }
  return {
    benchmark: 'sweep',
    date: new Date().toISOString(),
    machine: describeMachine(),
    rows,
    worst: worstRow(rows),
  };
}

/** The row with the lowest ratio to PyTorch. */
export function worstRow(rows: SweepReport['rows']): SweepReport['worst'] {
  return rows.reduce<SweepReport['worst']>((worst, { what, report: { ratioToPyTorch } }) => {
    if (ratioToPyTorch === null || (worst && worst.ratioToPyTorch <= ratioToPyTorch)) return worst;
    return { what, ratioToPyTorch };
  }, null);
}
