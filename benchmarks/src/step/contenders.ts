import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { nativeStatus } from '@unitsphere/native';
import type { ContenderSpec } from '../contender/contender.js';
import { getPythonCommand, resolvePeerFile } from '../contender/peers.js';
import { formatWorkloadArguments, type Workload } from './workload.js';

/** The project that a contender measures. */
export type Family = 'ours' | 'stock' | 'pytorch' | 'jax-js';

/** A contender that runs training steps. */
export interface StepContender extends ContenderSpec {
  family: Family;
  /** The backend; `native` for the WASM backend with the kernels of `@unitsphere/native`, `wasm` for it without them. */
  backend: string;
  /**
   * Whether the contender runs only if it is selected by name, and is excluded from all ratios. True for contenders that take
   * minutes to start and for settings that nobody trains with.
   */
  extra?: boolean;
}

export const PYTORCH_REMEDY =
  'Run pip install torch timm, and set UNITSPHERE_PYTHON to the Python that has them (default: python3).';
export const JAX_JS_REMEDY = 'Run npm install --no-save @jax-js/jax.';

/** PyTorch's default setting, and the settings recommended to its users on a CPU. */
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
    id: 'autocast',
    label: "eager, channels_last, fused AdamW, torch.autocast('cpu', bfloat16)",
    options: [...CHANNELS_LAST, '--adamw', 'fused', '--autocast'],
    extra: true,
  },
  {
    id: 'autocast-one-thread',
    label: "eager, channels_last, fused AdamW, torch.autocast('cpu', bfloat16), one thread",
    options: [...CHANNELS_LAST, '--adamw', 'fused', '--autocast', '--threads', '1'],
    extra: true,
  },
  {
    id: 'compiled',
    label: 'torch.compile, channels_last',
    options: [...CHANNELS_LAST, '--compile'],
    extra: true,
  },
];

/** Returns all known contenders in the order of the table. Whether one can run shows when it is started. */
export function createStepContenders(workload: Workload): StepContender[] {
  const cores = availableParallelism();
  const common = formatWorkloadArguments(workload);
  const ours = (backend: string, replicas = 1, extra = false): StepContender => ({
    id: `unitsphere-${backend}${replicas > 1 ? `-${replicas}` : ''}`,
    label: `unitsphere, ${backend}, ${replicas} replica${replicas > 1 ? 's' : ''}`,
    family: 'ours',
    backend,
    extra,
    command: process.execPath,
    args: createTrainArguments(common, backend, replicas, 'ours'),
    env: { UNITSPHERE_NATIVE: '0' },
  });
  const status = nativeStatus();
  /** Ours with the processor's own kernels; none where they are not built. */
  const native = (replicas: number): StepContender[] => {
    if (!status.isa) return [];
    const plain = ours('wasm', replicas);
    return [
      {
        ...plain,
        id: plain.id.replace('wasm', 'native'),
        label: plain.label.replace('wasm', `native ${status.detail}`),
        backend: 'native',
        env: { UNITSPHERE_NATIVE: '1' },
      },
    ];
  };
  // Batch norm needs at least two images on each replica.
  const most = cores > 1 && workload.batch >= 2 * cores ? [cores] : [];
  const wasm = [1, ...most].map((replicas) => ours('wasm', replicas));
  const natives = [1, ...most].flatMap((replicas) => native(replicas));
  // Threads of one replica, which share its batch.
  const threaded = native(1).flatMap((contender) =>
    cores > 1
      ? [
          {
            ...contender,
            id: `${contender.id}-threads-${cores}`,
            label: contender.label.replace('1 replica', `1 replica on ${cores} threads`),
            args: [...contender.args, '--threads', String(cores)],
          },
        ]
      : [],
  );
  const replicated = [
    ...most.map((replicas) => ours('wasm', replicas)),
    ...most.flatMap((replicas) => native(replicas)),
  ];
  const stock = (backend: string, extra = false): StepContender => ({
    id: `stock-${backend}`,
    label: `stock TensorFlow.js kernels, ${backend}`,
    family: 'stock',
    backend,
    extra,
    command: process.execPath,
    args: createTrainArguments(common, backend, 1, 'stock'),
  });
  return [
    ...wasm,
    ...natives,
    ...threaded,
    ...vary([...natives, ...threaded], 'medium', 'matmul medium', ['--precision', 'medium']),
    ...vary(replicated, 'sync', 'synchronized batch norm', ['--sync-batch-norm']),
    ours('webgpu'),
    // Our operations on `cpu` are compositions of stock kernels, and `node` requires a library that is built first.
    ours('node', 1, true),
    // tools/gpu/check.sh selects those that require an NVIDIA GPU.
    ours('cuda', 1, true),
    ours('cpu', 1, true),
    ...PYTORCH_SETTINGS.map(
      ({ id, label, options, extra }): StepContender => ({
        id: `pytorch-${id}`,
        label: `PyTorch, ${label}`,
        family: 'pytorch',
        backend: 'cpu',
        extra,
        command: getPythonCommand(),
        args: [resolvePeerFile('pytorch_step.py'), ...common, '--threads', String(cores), ...options],
        remedy: PYTORCH_REMEDY,
      }),
    ),
    {
      id: 'pytorch-cuda',
      label: 'PyTorch, eager on CUDA, fused AdamW',
      family: 'pytorch',
      backend: 'cuda',
      extra: true,
      command: getPythonCommand(),
      args: [resolvePeerFile('pytorch_step.py'), ...common, ...['--device', 'cuda', '--adamw', 'fused']],
      remedy: PYTORCH_REMEDY,
    },
    stock('cpu'),
    stock('webgpu'),
    stock('node', true),
    stock('cuda', true),
    {
      id: 'jax-js',
      label: '@jax-js/jax, wasm',
      family: 'jax-js',
      backend: 'wasm',
      extra: true,
      command: process.execPath,
      args: [resolvePeerFile('jax_js_step.mjs'), ...common],
      remedy: JAX_JS_REMEDY,
    },
  ];
}

/** Returns contenders of the same kind with another setting, which run only if they are selected. */
function vary(
  contenders: readonly StepContender[],
  id: string,
  label: string,
  args: readonly string[],
): StepContender[] {
  return contenders.map((contender) => ({
    ...contender,
    id: `${contender.id}-${id}`,
    label: `${contender.label}, ${label}`,
    extra: true,
    args: [...contender.args, ...args],
  }));
}

function createTrainArguments(
  common: string[],
  backend: string,
  replicas: number,
  kernels: string,
): string[] {
  return [
    fileURLToPath(new URL('train-on-demand.js', import.meta.url)),
    ...common,
    ...['--backend', backend, '--replicas', String(replicas), '--kernels', kernels],
  ];
}
