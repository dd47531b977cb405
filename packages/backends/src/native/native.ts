import * as tf from '@tensorflow/tfjs-core';
import { builtinModule } from '@unitsphere/core/disk';
import { BackendUnavailableError } from '../errors.js';
import type { BackendProbe } from '../probe.js';
import { endOfCallbacks } from '../without-notices.js';
import {
  findInstallation,
  type Installation,
  installCommand,
  NATIVE_BACKENDS,
  type NativeBackend,
  PEER_PACKAGES,
} from './installation.js';
import { loadTfjsNode } from './load-tfjs-node.js';
import { replaceBrokenKernels } from './replace-kernels.js';

/** Name of both native backends in TensorFlow.js. tfjs-node registers its kernels for it. */
export const NATIVE_REGISTRY_NAME = 'tensorflow';

/** Returns whether a name is that of a native backend. */
export function isNative(name: string): name is NativeBackend {
  return (NATIVE_BACKENDS as readonly string[]).includes(name);
}

/** Native backend that this process has registered. */
let registered: NativeBackend | undefined;

/** Finds and describes a backend's files, without loading them. */
export function probeNative(name: NativeBackend): BackendProbe<Installation> {
  const remedy = `Install it: ${installCommand(name)}`;
  if (!builtinModule('node:fs')) {
    return {
      available: false,
      reason: 'it runs only in Node.',
      remedy: 'Use "webgpu" or "wasm" in a browser.',
    };
  }
  const installation = findInstallation(name);
  if (!installation) return { available: false, reason: 'it is not installed.', remedy };
  const library = installation.tensorflow
    ? `libtensorflow ${installation.tensorflow}`
    : 'a bundled libtensorflow';
  const compiler = installation.functions ? 'with XLA' : `without XLA (${installCommand(name)} adds it)`;
  return {
    available: true,
    module: installation,
    version: installation.version,
    detail: `${library} ${compiler}, ${deviceNames(name)}`,
  };
}

/**
 * Loads a native backend and makes it the current one; cheap if it already runs.
 * @throws BackendUnavailableError if it is not installed, its library cannot be loaded, `cuda` finds no GPU, or this process
 *   already runs the other native backend.
 */
export async function startNative(name: NativeBackend): Promise<void> {
  await endOfCallbacks();
  if (registered === undefined) {
    const probe = probeNative(name);
    if (!probe.available) throw new BackendUnavailableError(name, probe.reason, probe.remedy);
    register(name, probe.module);
  } else if (registered !== name) {
    throw new BackendUnavailableError(
      name,
      `this process already runs "${registered}", and TensorFlow's library can be loaded only once.`,
      `Start "${name}" in a separate process.`,
    );
  }
  await tf.setBackend(NATIVE_REGISTRY_NAME);
}

function register(name: NativeBackend, installation: Installation): void {
  if (tf.findBackendFactory(NATIVE_REGISTRY_NAME) !== null) {
    throw new BackendUnavailableError(
      name,
      `this process has imported ${PEER_PACKAGES[name]}, which registered its own "${NATIVE_REGISTRY_NAME}" backend.`,
      'Remove that import; useBackend() loads what it requires.',
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
      `Reinstall it: ${installCommand(name)} --force`,
      { cause },
    );
  }
  if (name === 'cuda' && !loaded.binding.isUsingGpuDevice()) {
    throw new BackendUnavailableError(
      name,
      'TensorFlow finds no NVIDIA GPU here.',
      'Run nvidia-smi to check the driver, set TF_CPP_MIN_LOG_LEVEL=0 to see what TensorFlow lacks, or use "node".',
    );
  }
  tf.registerBackend(NATIVE_REGISTRY_NAME, () => loaded.createBackend(PEER_PACKAGES[name]), 3);
  replaceBrokenKernels(NATIVE_REGISTRY_NAME);
  registered = name;
}

/** Describes what the backend computes on. */
function deviceNames(name: NativeBackend): string {
  if (name === 'cuda') return listGpus().join(', ') || 'no NVIDIA GPU found';
  const { cpus, availableParallelism } = builtinModule('node:os');
  const model = cpus()[0]?.model.trim() || process.arch;
  return `${model}, ${availableParallelism()} threads`;
}

/** Lists the NVIDIA GPUs that the driver reports; empty without a driver. */
export function listGpus(): string[] {
  const { spawnSync } = builtinModule('node:child_process');
  const { stdout, status } = spawnSync('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  return status === 0 ? stdout.trim().split('\n').filter(Boolean) : [];
}
