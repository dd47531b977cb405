import type { Pace } from '../measure/interleave.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { createStepContenders } from './contenders.js';
import { runStep } from './run-step.js';
import { selectContenders } from './select-contenders.js';
import type { StepReport } from './step-report.js';
import type { Workload } from './workload.js';

/** The report of `bench step --sweep`. */
export interface SweepReport {
  benchmark: 'sweep';
  date: string;
  machine: Machine;
  rows: { what: string; report: StepReport }[];
  /** The row with the lowest ratio to PyTorch, or null if PyTorch is absent. */
  worst: { what: string; ratioToPyTorch: number } | null;
}

const BATCHES = [1, 8, 32, 128, 256];
const IMAGE_SIZES = [64, 128, 224];
const BACKBONES = [
  'lcnet_035',
  'lcnet_050',
  'lcnet_100',
  'lcnet_150',
  'mobilenetv4_conv_small',
  'resnet18',
  'vit_tiny_patch16_224',
];

/** Returns the base workload, and workloads that differ from it in one property each. */
export function createSweepWorkloads(base: Workload): { what: string; workload: Workload }[] {
  const others = [
    ...BATCHES.map((batch) => ({
      what: batch === 1 ? 'batch 1 (LayerNorm alone in the head)' : `batch ${batch}`,
      workload: { ...base, batch, norm: batch === 1 ? ('layernorm' as const) : base.norm },
    })),
    ...IMAGE_SIZES.map((imageSize) => ({ what: `${imageSize} px`, workload: { ...base, imageSize } })),
    ...BACKBONES.map((backbone) => ({ what: backbone, workload: { ...base, backbone } })),
    { what: 'iresnet18 at 112 px', workload: { ...base, backbone: 'iresnet18', imageSize: 112 } },
  ];
  const isBase = (workload: Workload) => JSON.stringify(workload) === JSON.stringify(base);
  return [{ what: 'base workload', workload: base }, ...others.filter(({ workload }) => !isBase(workload))];
}

/** The contenders that are compared by processor time, each with one thread. */
export const ONE_THREAD = {
  native: 'unitsphere-native',
  wasm: 'unitsphere-wasm',
  pytorch: 'pytorch-one-thread',
} as const;

/** Our backends of the table. */
const SWEPT = ['wasm', 'native'];

/** Options of {@link runSweep}. */
export interface SweepOptions {
  /** Names of the rows to measure. Default: all. */
  rows?: readonly string[];
  /** Ids of the contenders. Default: all of ours on WebAssembly and all eager settings of PyTorch. */
  only?: readonly string[];
  /** A report whose rows stay where they are not measured. */
  earlier?: SweepReport;
}

/** Compares our training step on WebAssembly, with native kernels and without, with PyTorch's eager settings over batches, image sizes and widths. */
export async function runSweep(
  base: Workload,
  pace: Pace,
  { rows: names, only, earlier }: SweepOptions = {},
  log: (message: string) => void = () => undefined,
): Promise<SweepReport> {
  const rows: SweepReport['rows'] = [];
  const workloads = createSweepWorkloads(base);
  const known = workloads.map(({ what }) => what);
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown) throw new Error(`There is no row "${unknown}". Rows: ${known.join('; ')}.`);
  for (const { what, workload } of workloads) {
    if (names && !names.includes(what)) {
      rows.push(...(earlier?.rows.filter((row) => row.what === what) ?? []));
      continue;
    }
    const all = createStepContenders(workload).filter(
      ({ family, backend }) => (family === 'ours' && SWEPT.includes(backend)) || family === 'pytorch',
    );
    const specs = only
      ? selectContenders(all, only)
      : all.filter(({ id, extra }) => !extra || id === ONE_THREAD.pytorch);
    rows.push({
      what,
      report: await runStep(specs, workload, pace, (message) => log(`${what}: ${message}`)),
    });
  }
  return {
    benchmark: 'sweep',
    date: new Date().toISOString(),
    machine: describeMachine(),
    rows,
    worst: findWorstRow(rows),
  };
}

/** Finds the row with the lowest ratio to PyTorch. Null if no row has one. */
export function findWorstRow(rows: SweepReport['rows']): SweepReport['worst'] {
  return rows.reduce<SweepReport['worst']>((worst, { what, report: { ratioToPyTorch } }) => {
    if (ratioToPyTorch === null || (worst && worst.ratioToPyTorch <= ratioToPyTorch)) return worst;
    return { what, ratioToPyTorch };
  }, null);
}
