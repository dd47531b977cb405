import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ContenderSpec } from '../contender/contender.js';
import { getPythonCommand, resolvePeerFile } from '../contender/peers.js';
import type { StoreName } from './start-head.js';
import { CLASS_COUNTS, CLASSES_WORKLOAD, formatHeadArguments, RATE_WORKLOAD } from './workload.js';

/** The built program of our contenders. */
const HEAD_PROGRAM = fileURLToPath(new URL('head-on-demand.js', import.meta.url));

/** Our file store with a number of classes and a warm or a cold cache. */
export interface ClassesContender extends ContenderSpec {
  classes: number;
  cold: boolean;
  /** Path of the center file. */
  path: string;
}

/** One of our stores, our full softmax, or a PyTorch setting. */
export interface RateContender extends ContenderSpec {
  role: StoreName | 'full' | 'pytorch';
  /** Number of threads that share the classes and the batch. Undefined for PyTorch. */
  ranks?: number;
}

/** Returns contenders whose steps sample the same number of classes out of more and more classes in a file. */
export function createClassesContenders(folder: string): ClassesContender[] {
  return CLASS_COUNTS.flatMap((classes) =>
    [false, true].map((cold): ClassesContender => {
      const id = `${classes}-${cold ? 'cold' : 'warm'}`;
      const path = join(folder, id);
      return {
        id,
        label: `${classes.toLocaleString('en')} classes, ${cold ? 'cold' : 'warm'}`,
        classes,
        cold,
        path,
        command: process.execPath,
        args: [
          HEAD_PROGRAM,
          ...formatHeadArguments({ ...CLASSES_WORKLOAD, classes }),
          ...['--store', 'file', '--path', path, '--disjoint', ...(cold ? ['--cold'] : [])],
        ],
      };
    }),
  );
}

/** PyTorch's settings: as it is usually written, and with as few passes over memory as it allows. */
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
  {
    // For processor time: threads that wait for others use it, too.
    id: 'one-thread',
    label: 'gradient by hand, fused AdamW, one thread',
    options: ['--gradient', 'by-hand', '--adamw', 'fused', '--threads', '1'],
  },
];

/** Returns contenders that sample a tenth of the classes with each store, that use all classes, and PyTorch. */
export function createRateContenders(folder: string): RateContender[] {
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
      HEAD_PROGRAM,
      ...formatHeadArguments({ ...RATE_WORKLOAD, sampled }),
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
        command: getPythonCommand(),
        args: [
          resolvePeerFile('pytorch_partial_fc.py'),
          ...formatHeadArguments(RATE_WORKLOAD),
          ...['--threads', String(availableParallelism()), ...options],
        ],
        remedy:
          'Run pip install torch, and set UNITSPHERE_PYTHON to the Python that has it (default: python3).',
      }),
    ),
  ];
}
