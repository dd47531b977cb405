import * as tf from '@tensorflow/tfjs-core';
import { probeCpu } from './cpu.js';
import { BackendUnavailableError } from './errors.js';
import type { BackendChoice, BackendName } from './names.js';
import { USABLE_BACKENDS, unknownBackendMessage } from './names.js';
import { isNative, probeNative, startNative } from './native/native.js';
import type { WasmPaths } from './wasm.js';
import { keepNodesErrors, probeWasm, setPaths, useOneThread } from './wasm.js';
import { isSoftware, nameAdapter } from './webgpu/adapter.js';
import { findAdapterInChild } from './webgpu/find-adapter-in-child.js';
import { noAdapter, probeWebGpu, startWebGpu } from './webgpu/webgpu.js';

/** Options of {@link useBackend}. */
export interface UseBackendOptions {
  /**
   * Location of the WebAssembly backend's `.wasm` files. Node finds them by itself. A browser page requires it unless it
   * serves them beside its script. Ignored after the backend's first start.
   */
  wasmPaths?: WasmPaths;
}

/** Backend that was started. */
export interface UsedBackend {
  name: BackendName;
  /** Why it was chosen, as a sentence. */
  reason: string;
}

/**
 * Starts a TensorFlow.js backend and makes it the current one.
 *
 * A backend requested by name is started or the call fails: there is no silent fallback. Starting a backend that already
 * runs is cheap. Tensors of another backend stay valid and are moved when they are used.
 *
 * @param choice A backend's name, or `auto` for the fastest that works here: `cuda` if installed, `webgpu` on a graphics
 *   card (not on a software adapter), `wasm`, `node` if installed, then `cpu`.
 * @throws BackendUnavailableError if the backend cannot be used here; the message says what to do, such as the command that
 *   installs a missing package.
 * @throws RangeError if the name is unknown; the message has the closest known name.
 */
export async function useBackend(
  choice: BackendChoice | (string & {}),
  options: UseBackendOptions = {},
): Promise<UsedBackend> {
  if (choice === 'auto') return chooseBackend(options);
  if (!(USABLE_BACKENDS as readonly string[]).includes(choice)) {
    throw new RangeError(unknownBackendMessage(choice));
  }
  const name = choice as BackendName;
  await start(name, options);
  return { name, reason: `"${name}" was requested by name.` };
}

async function chooseBackend(options: UseBackendOptions): Promise<UsedBackend> {
  const failures: BackendUnavailableError[] = [];
  for (const name of USABLE_BACKENDS) {
    // Optional: skipped silently when not installed.
    if (isNative(name) && !probeNative(name).available) continue;
    try {
      if (name === 'webgpu') await refuseSoftware();
      await start(name, options);
    } catch (error) {
      if (!(error instanceof BackendUnavailableError)) throw error;
      failures.push(error);
      continue;
    }
    const skipped = failures
      .map((f) => `"${f.backend}" is faster, but ${[f.reason, f.remedy].filter(Boolean).join(' ')}`)
      .join(' ');
    return { name, reason: skipped || `"${name}" is the fastest backend of this version and works here.` };
  }
  throw new BackendUnavailableError(
    'auto',
    `no backend works here: ${failures.map((f) => `"${f.backend}": ${f.reason}`).join(' ')}`,
    failures[0].remedy,
    { cause: new AggregateError(failures) },
  );
}

/** @throws BackendUnavailableError if the adapter is software, which is slower than "wasm" on the same processor. */
async function refuseSoftware(): Promise<void> {
  const found = findAdapterInChild();
  if (found === null) {
    const { reason, remedy } = noAdapter();
    throw new BackendUnavailableError('webgpu', reason, remedy);
  }
  if (found !== undefined && !isSoftware(found)) return;
  const software = found ? nameAdapter(found) : await findSoftware();
  if (software === undefined) return;
  throw new BackendUnavailableError(
    'webgpu',
    `only on a graphics card: the adapter here is software (${software}).`,
    '',
  );
}

/** Returns the name of a software adapter, by starting WebGPU in this process. */
async function findSoftware(): Promise<string | undefined> {
  const probe = await probeWebGpu();
  return probe.available && probe.module.adapter.software ? probe.module.adapter.name : undefined;
}

async function start(name: BackendName, options: UseBackendOptions): Promise<void> {
  if (isNative(name)) return startNative(name);
  if (name === 'webgpu') return startWebGpu();
  const probe = name === 'wasm' ? await probeWasm() : await probeCpu();
  if (!probe.available) {
    throw new BackendUnavailableError(name, probe.reason, probe.remedy, { cause: probe.cause });
  }
  if (name === 'wasm' && options.wasmPaths !== undefined) {
    setPaths(probe.module as Parameters<typeof setPaths>[0], options.wasmPaths);
  }
  if (name === 'wasm') useOneThread();
  const set = () => tf.setBackend(name);
  if (!(await (name === 'wasm' ? keepNodesErrors(set) : set()))) {
    throw new BackendUnavailableError(
      name,
      'it failed to start; TensorFlow.js wrote the cause to the console.',
      name === 'wasm' ? 'Check that its .wasm files can be read; in a browser, give `wasmPaths`.' : '',
    );
  }
  if (name === 'cpu') silenceAdvice(tf.backend());
}

/** Suppresses the advice to install tfjs-node, which the CPU backend prints with its first tensor. */
function silenceAdvice(backend: object): void {
  if ('firstUse' in backend) backend.firstUse = false;
}
