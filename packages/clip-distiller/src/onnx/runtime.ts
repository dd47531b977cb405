import { ignoreMissing, importInstalled } from '@unitsphere/core';

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
  /** Since ONNX Runtime 1.21. A side is a number, or a name if it may vary. */
  readonly inputMetadata?: readonly { readonly shape?: readonly (number | string)[] }[];
  run(feeds: Record<string, OnnxTensor>, fetches: readonly string[]): Promise<Record<string, OnnxTensor>>;
  release(): Promise<void>;
}

/** The part of onnxruntime-node or onnxruntime-web that is used. */
export interface OnnxRuntime {
  InferenceSession: { create(model: Uint8Array, options?: object): Promise<OnnxSession> };
  Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => OnnxTensor;
}

/** Thrown when no ONNX Runtime is installed, or a model cannot be used as a teacher. */
export class OnnxTeacherError extends Error {
  override name = 'OnnxTeacherError';
  /** Stable name of the error, for programs. */
  readonly code = 'ONNX_TEACHER_UNUSABLE';
}

/**
 * Imports the installed ONNX Runtime: in Node the native one if installed, otherwise that for WebAssembly.
 * @throws OnnxTeacherError with the command that installs one.
 */
export async function findRuntime(
  inNode = typeof globalThis.process?.versions?.node === 'string',
): Promise<OnnxRuntime> {
  const loaders: Record<string, () => Promise<unknown>> = inNode
    ? { 'onnxruntime-node': importNative, 'onnxruntime-web': importWeb }
    : { 'onnxruntime-web': importWeb };
  const loaded = await importInstalled(loaders, (problem, options) => new OnnxTeacherError(problem, options));
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
