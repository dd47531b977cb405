import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { ContenderSpec } from '../contender/contender.js';
import { peerFile, pythonCommand } from '../contender/peers.js';
import { type Workload, workloadArguments } from './workload.js';

/** Whose figures a contender's are. */
export type Family = 'ours' | 'stock' | 'pytorch' | 'jax-js';

/** Someone who makes training steps. */
export interface StepContender extends ContenderSpec {
  family: Family;
  backend: string;
  /** Shown, but in no ratio and only where it is asked for by name: it takes minutes to start, or is no setting to train with. */
  extra?: boolean;
}

export const PYTORCH_REMEDY =
  'pip install torch timm; set UNITSPHERE_PYTHON to the python that has them (default: python3).';
export const JAX_JS_REMEDY = 'npm install --no-save @jax-js/jax';

/** PyTorch's settings: its defaults, and those that its users are told to try on a CPU. */
const CHANNELS_LAST = ['--memory-format', 'channels_last'];
const PYTORCH_SETTINGS: { id: string; label: string; options: string[]; extra?: boolean }[] = [
  { id: 'eager', label: 'eager, defaults', options: [] },
  { id: 'channels-last', label: 'eager, channels_last', options: CHANNELS_LAST },
  {
    id: 'channels-last-foreach',
    label: 'eager, channels_last, foreach AdamW',
    options: [...CHANNELS_LAST, '--adamw', 'foreach'],
  },
  {
    id: 'channels-last-fused',
    label: 'eager, channels_last, fused AdamW',
    options: [...CHANNELS_LAST, '--adamw', 'fused'],
  },
  {
    id: 'one-thread',
    label: 'eager, channels_last, fused AdamW, one thread',
    options: [...CHANNELS_LAST, '--adamw', 'fused', '--threads', '1'],
    extra: true,
  },
  {
    id: 'compiled',
    label: 'torch.compile, channels_last',
    options: [...CHANNELS_LAST, '--compile'],
    extra: true,
  },
];

/** All that are known, in the order of the table; whether each is there is found out when it starts. */
export function stepContenders(workload: Workload): StepContender[] {
  const cores = availableParallelism();
  const common = workloadArguments(workload);
  const ours = (backend: string, replicas = 1, extra = false): StepContender => ({
    id: `unitsphere-${backend}${replicas > 1 ? `-${replicas}` : ''}`,
    label: `unitsphere, ${backend}, ${replicas} replica${replicas > 1 ? 's' : ''}`,
    family: 'ours',
    backend,
    extra,
    command: process.execPath,
    args: trainOnDemand(common, backend, replicas, 'ours'),
  });
  const stock = (backend: string): StepContender => ({
    id: `stock-${backend}`,
    label: `stock TensorFlow.js kernels, ${backend}`,
    family: 'stock',
    backend,
    command: process.execPath,
    args: trainOnDemand(common, backend, 1, 'stock'),
  });
  return [
    ours('wasm'),
    // Batch norm needs two images on each.
    ...(cores > 1 && workload.batch >= 2 * cores ? [ours('wasm', cores)] : []),
    ours('webgpu'),
    // Of `cpu` ours is the composition of its own kernels, and `node` needs a library that is built first.
    ours('node', 1, true),
    ours('cpu', 1, true),
    ...PYTORCH_SETTINGS.map(
      ({ id, label, options, extra }): StepContender => ({
        id: `pytorch-${id}`,
        label: `PyTorch, ${label}`,
        family: 'pytorch',
        backend: 'cpu',
        extra,
        command: pythonCommand(),
        args: [peerFile('pytorch_step.py'), ...common, '--threads', String(cores), ...options],
        remedy: PYTORCH_REMEDY,
      }),
    ),
    stock('cpu'),
    stock('webgpu'),
    {
      id: 'jax-js',
      label: '@jax-js/jax, wasm',
      family: 'jax-js',
      backend: 'wasm',
      extra: true,
      command: process.execPath,
      args: [peerFile('jax_js_step.mjs'), ...common],
      remedy: JAX_JS_REMEDY,
    },
  ];
}

function trainOnDemand(common: string[], backend: string, replicas: number, kernels: string): string[] {
  return [
    fileURLToPath(new URL('train-on-demand.js', import.meta.url)),
    ...common,
    ...['--backend', backend, '--replicas', String(replicas), '--kernels', kernels],
  ];
}
