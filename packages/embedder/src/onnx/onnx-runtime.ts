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
  InferenceSession: { create(model: Uint8Array, options?: object): Promise<OnnxSession> };
  Tensor: new (type: 'float32' | 'uint8', data: never, dims: readonly number[]) => OnnxTensor;
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
 * @throws EmbedderError with the command that installs one.
 */
export async function findOnnxRuntime(
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
      throw new EmbedderError(
        'RUNTIME_UNAVAILABLE',
        `${name} is installed but does not start: ${(error as Error).message}`,
        { cause: error },
      );
    }
    // A CommonJS package has its exports in `default`.
    return ('InferenceSession' in loaded ? loaded : loaded.default) as OnnxRuntime;
  }
  const all = names.map((name) => `npm install ${name}`).join('", or "');
  throw new EmbedderError('RUNTIME_UNAVAILABLE', `ONNX Runtime is not installed: run "${all}"`);
}

/** Returns whether the package itself is missing, and not one of its dependencies. */
function isMissing(error: unknown, name: string): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  const isNotFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  // Vite's message for a missing optional peer dependency.
  const isUnresolved = message.startsWith(`Could not resolve "${name}" imported by`);
  return isUnresolved || (isNotFound && new RegExp(`['"]${name}['"]`).test(message));
}
