import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ContenderSpec } from '../contender/contender.js';
import { peerFile, pythonCommand } from '../contender/peers.js';
import type { StoreName } from './head-step.js';
import { CLASS_COUNTS, CLASSES_WORKLOAD, headArguments, RATE_WORKLOAD } from './workload.js';

/** Ours with a number of classes and a cache that is warm or cold. */
export interface ClassesContender extends ContenderSpec {
  classes: number;
  cold: boolean;
}

/** Ours with a store, ours with all classes, or a setting of PyTorch. */
export interface RateContender extends ContenderSpec {
  role: StoreName | 'full' | 'pytorch';
  /** Threads that share the classes and the batch, of ours. */
  ranks?: number;
}

/** The step of as many sampled classes as the classes grow, with the centers in a file. */
export function classesContenders(folder: string): ClassesContender[] {
  return CLASS_COUNTS.flatMap((classes) =>
    [false, true].map((cold): ClassesContender => {
      const id = `${classes}-${cold ? 'cold' : 'warm'}`;
      return {
        id,
        label: `${classes.toLocaleString('en')} classes, ${cold ? 'cold' : 'warm'}`,
        classes,
        cold,
        command: process.execPath,
        args: [
          program(),
          ...headArguments({ ...CLASSES_WORKLOAD, classes }),
          ...['--store', 'file', '--path', join(folder, id), '--disjoint', ...(cold ? ['--cold'] : [])],
        ],
      };
    }),
  );
}

/** PyTorch's settings: as one writes it, and with as few passes over memory as it allows. */
const PYTORCH_SETTINGS = [
  { id: 'tape-fused', label: 'autograd, fused AdamW', options: ['--gradient', 'tape', '--adamw', 'fused'] },
  {
    id: 'by-hand-fused',
    label: 'gradient by hand, fused AdamW',
    options: ['--gradient', 'by-hand', '--adamw', 'fused'],
  },
  {
    id: 'by-hand',
    label: 'gradient and AdamW by hand',
    options: ['--gradient', 'by-hand', '--adamw', 'by-hand'],
  },
];

/** A tenth of the classes with each store, all classes, and PyTorch. */
export function rateContenders(folder: string): RateContender[] {
  const { classes } = RATE_WORKLOAD;
  const cores = availableParallelism();
  const ours = (
    role: RateContender['role'],
    label: string,
    sampled: number,
    store: StoreName,
    ranks = 1,
  ): RateContender => ({
    id: `unitsphere-${role}${ranks > 1 ? `-${ranks}` : ''}`,
    label: ranks > 1 ? `${label}, ${ranks} ranks` : label,
    role,
    ranks,
    command: process.execPath,
    args: [
      program(),
      ...headArguments({ ...RATE_WORKLOAD, sampled }),
      ...['--store', store, '--path', join(folder, `rate-${ranks}`), '--ranks', String(ranks)],
    ],
  });
  const rankCounts = cores > 1 ? [1, cores] : [1];
  const { sampled } = RATE_WORKLOAD;
  return [
    ours('full', 'full softmax, on the backend', classes, 'device'),
    ...rankCounts.flatMap((ranks) => [
      ours('device', 'sampled, centers on the backend', sampled, 'device', ranks),
      ours('host', 'sampled, centers on the host', sampled, 'host', ranks),
      ours('file', 'sampled, centers in a file', sampled, 'file', ranks),
    ]),
    ...PYTORCH_SETTINGS.map(
      ({ id, label, options }): RateContender => ({
        id: `pytorch-${id}`,
        label: `PyTorch, sampled, ${label}`,
        role: 'pytorch',
        command: pythonCommand(),
        args: [
          peerFile('pytorch_partial_fc.py'),
          ...headArguments(RATE_WORKLOAD),
          ...['--threads', String(availableParallelism()), ...options],
        ],
        remedy: 'pip install torch; set UNITSPHERE_PYTHON to the python that has it (default: python3).',
      }),
    ),
  ];
}

function program(): string {
  return fileURLToPath(new URL('head-on-demand.js', import.meta.url));
}
