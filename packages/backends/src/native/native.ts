import * as tf from '@tensorflow/tfjs-core';
import { BackendUnavailableError } from '../errors.js';
import type { BackendProbe } from '../probe.js';
import { builtin } from './builtins.js';
import {
  findInstallation,
  type Installation,
  installCommand,
  NATIVE_BACKENDS,
  type NativeBackend,
  PEER_PACKAGES,
} from './installation.js';
import { loadTfjsNode } from './load-tfjs-node.js';
import { mendKernels } from './mend-kernels.js';

/** The name under which TensorFlow.js knows both native backends: tfjs-node's kernels are registered for it. */
export const NATIVE_REGISTRY_NAME = 'tensorflow';

/** Whether a backend is one of TensorFlow's own, in Node. */
export function isNative(name: string): name is NativeBackend {
  return (NATIVE_BACKENDS as readonly string[]).includes(name);
}

/** The native backend of ours that this process has registered. */
let registered: NativeBackend | undefined;

/** Finds the backend's files and says what they are; loads nothing. */
export function probeNative(name: NativeBackend): BackendProbe<Installation> {
  const remedy = `Install it: ${installCommand(name)}`;
  if (!builtin('node:fs')) {
    return {
      available: false,
      reason: 'it runs in Node only.',
      remedy: 'Use "webgpu" or "wasm" in a browser.',
    };
  }
  const installation = findInstallation(name);
  if (!installation) return { available: false, reason: 'it is not installed.', remedy };
  const library = installation.tensorflow
    ? `libtensorflow ${installation.tensorflow}`
    : 'its own libtensorflow';
  return {
    available: true,
    module: installation,
    version: installation.version,
    detail: `${library}, ${deviceNames(name)}`,
  };
}

/**
 * Loads a native backend and makes it the current one; cheap when it runs already.
 * @throws BackendUnavailableError when it is not installed, when its library cannot be loaded, when it sees no GPU
 *   though `cuda` was asked for, or when this process already runs the other native backend.
 */
export async function startNative(name: NativeBackend): Promise<void> {
  if (registered === undefined) {
    const probe = probeNative(name);
    if (!probe.available) throw new BackendUnavailableError(name, probe.reason, probe.remedy);
    register(name, probe.module);
  } else if (registered !== name) {
    throw new BackendUnavailableError(
      name,
      `this process already runs "${registered}", and TensorFlow's library can be loaded once only.`,
      `Start "${name}" in a process of its own.`,
    );
  }
  await tf.setBackend(NATIVE_REGISTRY_NAME);
}

function register(name: NativeBackend, installation: Installation): void {
  if (tf.findBackendFactory(NATIVE_REGISTRY_NAME) !== null) {
    throw new BackendUnavailableError(
      name,
      `this process has imported ${PEER_PACKAGES[name]}, which registered a "${NATIVE_REGISTRY_NAME}" backend of its own.`,
      'Leave that import out; useBackend() loads what it needs.',
    );
  }
  let loaded: ReturnType<typeof loadTfjsNode>;
  try {
    loaded = loadTfjsNode(tf, installation);
  } catch (cause) {
    const message = String((cause as Error).message).split('\n')[0];
    throw new BackendUnavailableError(
      name,
      `its library does not load (${message}).`,
      `Install it anew: ${installCommand(name)} --force`,
      { cause },
    );
  }
  if (name === 'cuda' && !loaded.binding.isUsingGpuDevice()) {
    throw new BackendUnavailableError(
      name,
      'TensorFlow sees no NVIDIA GPU here.',
      'Run nvidia-smi to check the driver, set TF_CPP_MIN_LOG_LEVEL=0 to see what TensorFlow misses, or use "node".',
    );
  }
  tf.registerBackend(NATIVE_REGISTRY_NAME, () => loaded.createBackend(PEER_PACKAGES[name]), 3);
  mendKernels(NATIVE_REGISTRY_NAME);
  registered = name;
}

/** What the backend computes on, in words. */
function deviceNames(name: NativeBackend): string {
  if (name === 'cuda') return gpuNames().join(', ') || 'no NVIDIA GPU seen';
  const { cpus, availableParallelism } = builtin('node:os');
  const model = cpus()[0]?.model.trim() || process.arch;
  return `${model}, ${availableParallelism()} threads`;
}

/** The NVIDIA GPUs that the driver lists; none where there is no driver. */
export function gpuNames(): string[] {
  const { spawnSync } = builtin('node:child_process');
  const { stdout, status } = spawnSync('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  return status === 0 ? stdout.trim().split('\n').filter(Boolean) : [];
}
