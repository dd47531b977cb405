import { ignoreMissing, importInstalled } from '@unitsphere/core';
import { EmbedderError } from '../embedder-error.js';

/** Tensor of ONNX Runtime. */
export interface OnnxTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

/** Loaded model of ONNX Runtime. */
export interface OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Record<string, OnnxTensor>): Promise<Record<string, OnnxTensor>>;
  release(): Promise<void>;
}

/** The part of onnxruntime-node or onnxruntime-web that is used. */
export interface OnnxRuntime {
  env?: { wasm?: { numThreads?: number } };
  InferenceSession: { create(model: Uint8Array, options?: object): Promise<OnnxSession> };
  Tensor: new (type: 'float32' | 'uint8', data: never, dims: readonly number[]) => OnnxTensor;
}

/**
 * Imports the installed ONNX Runtime: in Node the native one if installed, otherwise that for WebAssembly.
 * @throws EmbedderError with the command that installs one.
 */
export async function findOnnxRuntime(
  inNode = typeof globalThis.process?.versions?.node === 'string',
): Promise<OnnxRuntime> {
  const loaders: Record<string, () => Promise<unknown>> = inNode
    ? { 'onnxruntime-node': importNative, 'onnxruntime-web': importWeb }
    : { 'onnxruntime-web': importWeb };
  const loaded = await importInstalled(
    loaders,
    (problem, options) => new EmbedderError('RUNTIME_UNAVAILABLE', problem, options),
  );
  return loaded as unknown as OnnxRuntime;
}

async function importNative(): Promise<unknown> {
  // A variable, so that bundlers for browsers do not look for Node's package.
  const name = 'onnxruntime-node';
  try {
    return await import(/* webpackIgnore: true */ /* @vite-ignore */ name);
  } catch (error) {
    return ignoreMissing(error, name);
  }
}

async function importWeb(): Promise<unknown> {
  try {
    return await import('onnxruntime-web');
  } catch (error) {
    return ignoreMissing(error, 'onnxruntime-web');
  }
}
