import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { ContenderSpec } from '../contender/contender.js';
import { type Workload, workloadArguments } from './workload.js';

/** Whose figures a contender's are. */
export type Family = 'ours' | 'stock' | 'pytorch' | 'pytorch-compiled' | 'jax-js';

/** Someone who makes training steps. */
export interface StepContender extends ContenderSpec {
  family: Family;
  backend: string;
}

export const PYTORCH_REMEDY =
  'pip install torch timm; set UNITSPHERE_PYTHON to the python that has them (default: python3).';

/** All that are known, in the order of the table; whether each is there is found out when it starts. */
export function stepContenders(workload: Workload): StepContender[] {
  const cores = availableParallelism();
  const common = workloadArguments(workload);
  const ours = (backend: string, replicas: number, kernels: 'ours' | 'stock'): StepContender => ({
    id: `${kernels === 'ours' ? 'unitsphere' : 'stock'}-${backend}${replicas > 1 ? `-${replicas}` : ''}`,
    label:
      kernels === 'ours'
        ? `unitsphere, ${backend}, ${replicas} replica${replicas > 1 ? 's' : ''}`
        : `stock TensorFlow.js kernels, ${backend}`,
    family: kernels,
    backend,
    command: process.execPath,
    args: [
      distFile('train-on-demand.js'),
      ...common,
      ...['--backend', backend, '--replicas', String(replicas), '--kernels', kernels],
    ],
  });
  const pytorch = (
    id: string,
    label: string,
    options: string[],
    family: Family = 'pytorch',
  ): StepContender => ({
    id: `pytorch-${id}`,
    label: `PyTorch, ${label}`,
    family,
    backend: 'cpu',
    command: process.env['UNITSPHERE_PYTHON'] || 'python3',
    args: [peerFile('pytorch_step.py'), ...common, '--threads', String(cores), ...options],
    remedy: PYTORCH_REMEDY,
  });
  return [
    ours('wasm', 1, 'ours'),
    ...(cores > 1 ? [ours('wasm', cores, 'ours')] : []),
    ours('webgpu', 1, 'ours'),
    pytorch('eager', 'eager, defaults', []),
    pytorch('channels-last', 'eager, channels_last', ['--memory-format', 'channels_last']),
    pytorch('channels-last-foreach', 'eager, channels_last, foreach AdamW', [
      ...['--memory-format', 'channels_last', '--adamw', 'foreach'],
    ]),
    pytorch('channels-last-fused', 'eager, channels_last, fused AdamW', [
      ...['--memory-format', 'channels_last', '--adamw', 'fused'],
    ]),
    pytorch(
      'compiled',
      'torch.compile, channels_last',
      ['--memory-format', 'channels_last', '--compile'],
      'pytorch-compiled',
    ),
    // On the cpu backend every operation of ours is a composition of stock kernels.
    ours('cpu', 1, 'stock'),
    ours('webgpu', 1, 'stock'),
  ];
}

/** A program beside the built command. */
function distFile(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** A peer's program: not built, so in the package's folder. */
function peerFile(name: string): string {
  return fileURLToPath(new URL(`../peers/${name}`, import.meta.url));
}
