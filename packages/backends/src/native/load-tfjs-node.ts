import type * as tfjs from '@tensorflow/tfjs-core';
import { builtin } from './builtins.js';
import type { Installation } from './installation.js';

/** The N-API binding of tfjs-node: TensorFlow's eager C API. */
export interface Binding {
  TF_Version: string;
  isUsingGpuDevice(): boolean;
  getNumOfTensors(): number;
  readonly [constant: `TF_${string}`]: unknown;
}

/** An attribute of a TensorFlow operation, as the binding takes it. */
export interface OpAttribute {
  name: string;
  type: unknown;
  value: unknown;
}

/** What this package uses of tfjs-node's backend. */
export interface NativeKernelBackend extends tfjs.KernelBackend {
  binding: Binding;
  isUsingGpuDevice: boolean;
  executeSingleOutput(name: string, attributes: OpAttribute[], inputs: tfjs.TensorInfo[]): tfjs.Tensor;
}

interface TfjsNode {
  NodeJSKernelBackend: new (binding: Binding, packageName: string) => NativeKernelBackend;
}

/**
 * Runs tfjs-node's kernels and backend class with the caller's tfjs-core, and registers the kernels there.
 *
 * Its own entry point is not used: it would bring a TensorFlow.js of its own, look for a binding in its own folder only,
 * and call functions of `util` that newer Nodes no longer have. So its CommonJS files are run one by one with a
 * `require` that gives them this tfjs-core, those functions, and nothing else from outside.
 *
 * @throws Error when the binding or the library under it cannot be loaded; the message is the dynamic linker's.
 */
export function loadTfjsNode(
  tf: typeof tfjs,
  { javascript, binding: file }: Installation,
): { createBackend(packageName: string): NativeKernelBackend; binding: Binding } {
  const { dirname, join } = builtin('node:path');
  const { createRequire } = builtin('node:module');
  // Before the library loads: it writes a page about the processor to stderr otherwise. Errors stay, and so does one notice
  // where oneDNN is on (AVX-512): only turning that off (TF_ENABLE_ONEDNN_OPTS=0) would silence it, and change results.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  const binding = createRequire(join(dirname(file), '_'))(file) as Binding;

  const run = commonJs(tf);
  const { NodeJSKernelBackend } = run(join(javascript, 'nodejs_kernel_backend.js')) as unknown as TfjsNode;
  run(join(javascript, 'register_all_kernels.js'));
  return { createBackend: (packageName) => new NodeJSKernelBackend(binding, packageName), binding };
}

function commonJs(tf: typeof tfjs): (file: string) => Record<string, unknown> {
  const { readFileSync } = builtin('node:fs');
  const { dirname, resolve } = builtin('node:path');
  const { compileFunction } = builtin('node:vm');
  const outside: Record<string, unknown> = {
    '@tensorflow/tfjs': tf,
    '@tensorflow/tfjs-core': tf,
    // Removed in Node 23.
    util: {
      ...builtin('node:util'),
      isNullOrUndefined: (value: unknown) => value == null,
      isArray: Array.isArray,
    },
    // Used for TensorBoard summaries and saved models only; it would need google-protobuf.
    './proto/api_pb': {},
    os: builtin('node:os'),
  };
  const loaded = new Map<string, { exports: Record<string, unknown> }>();

  const run = (file: string): Record<string, unknown> => {
    const known = loaded.get(file);
    if (known) return known.exports;
    const module = { exports: {} };
    loaded.set(file, module);
    const require = (id: string) => {
      if (Object.hasOwn(outside, id)) return outside[id];
      if (!id.startsWith('.')) throw new Error(`tfjs-node's ${file} wants "${id}", which it is not given.`);
      return run(`${resolve(dirname(file), id)}.js`);
    };
    const body = compileFunction(readFileSync(file, 'utf8'), ['exports', 'require', 'module'], {
      filename: file,
    });
    body.call(module.exports, module.exports, require, module);
    return module.exports;
  };
  return run;
}
