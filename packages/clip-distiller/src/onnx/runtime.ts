/** A tensor of ONNX Runtime. */
export interface OnnxTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

/** A loaded model of ONNX Runtime. */
export interface OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Since ONNX Runtime 1.21: a side is a number, or the name of one that may vary. */
  readonly inputMetadata?: readonly { readonly shape?: readonly (number | string)[] }[];
  run(feeds: Record<string, OnnxTensor>, fetches: readonly string[]): Promise<Record<string, OnnxTensor>>;
  release(): Promise<void>;
}

/** What is used of onnxruntime-node or onnxruntime-web. */
export interface OnnxRuntime {
  InferenceSession: { create(model: Uint8Array, options?: object): Promise<OnnxSession> };
  Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => OnnxTensor;
}

/** No ONNX Runtime is installed, or a model does not fit what it is used for. */
export class OnnxTeacherError extends Error {
  override name = 'OnnxTeacherError';
}

type Importer = () => Promise<unknown>;

const packages = {
  // A bundler for browsers is not to look for Node's.
  'onnxruntime-node': () => {
    const name = 'onnxruntime-node';
    return import(/* webpackIgnore: true */ /* @vite-ignore */ name);
  },
  'onnxruntime-web': () => import('onnxruntime-web'),
} satisfies Record<string, Importer>;

/**
 * The ONNX Runtime that is installed: in Node the native one, else WebAssembly's.
 * @throws OnnxTeacherError that names the command which installs one.
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
    // CommonJS packages have everything under default.
    return ('InferenceSession' in loaded ? loaded : loaded.default) as OnnxRuntime;
  }
  const all = names.map((name) => `npm install ${name}`).join('", or "');
  throw new OnnxTeacherError(`An ONNX teacher needs ONNX Runtime, which is not installed: run "${all}".`);
}

/** Whether the package itself is what cannot be found, and not something that it needs. */
function isMissing(error: unknown, name: string): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  const isNotFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  // Vite's word for an optional peer that is not there.
  const isUnresolved = message.startsWith(`Could not resolve "${name}" imported by`);
  return isUnresolved || (isNotFound && new RegExp(`['"]${name}['"]`).test(message));
}
