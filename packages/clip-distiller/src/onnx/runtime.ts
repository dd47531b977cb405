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

type Importer = () => Promise<unknown>;

const packages = {
  // A variable, so that bundlers for browsers do not look for Node's package.
  'onnxruntime-node': () => {
    const name = 'onnxruntime-node';
    return import(/* webpackIgnore: true */ /* @vite-ignore */ name);
  },
  'onnxruntime-web': () => import('onnxruntime-web'),
} satisfies Record<string, Importer>;

/**
 * Imports the installed ONNX Runtime: in Node the native one if installed, otherwise that for WebAssembly.
 * @throws OnnxTeacherError with the command that installs one.
 */
export async function findRuntime(
  inNode = typeof globalThis.process?.versions?.node === 'string',
  importers: Record<string, Importer> = packages,
): Promise<OnnxRuntime> {
  const names = inNode ? ['onnxruntime-node', 'onnxruntime-web'] : ['onnxruntime-web'];
  for (const name of names) {
    let loaded: { default?: unknown };
    try {
      loaded = (await importers[name]()) as { default?: unknown };
    } catch (error) {
      if (isMissing(error, name)) continue;
      throw new OnnxTeacherError(`${name} is installed but does not start: ${(error as Error).message}`, {
        cause: error,
      });
    }
    // A CommonJS package has its exports in `default`.
    return ('InferenceSession' in loaded ? loaded : loaded.default) as OnnxRuntime;
  }
  const all = names.map((name) => `npm install ${name}`).join('", or "');
  throw new OnnxTeacherError(`An ONNX teacher requires ONNX Runtime, which is not installed: run "${all}".`);
}

/** Returns whether the package itself is missing, and not one of its dependencies. */
function isMissing(error: unknown, name: string): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  const isNotFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  // Vite's message for a missing optional peer dependency.
  const isUnresolved = message.startsWith(`Could not resolve "${name}" imported by`);
  return isUnresolved || (isNotFound && new RegExp(`['"]${name}['"]`).test(message));
}
