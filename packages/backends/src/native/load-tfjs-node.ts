import type * as tfjs from '@tensorflow/tfjs-core';
import { builtinModule } from '@unitsphere/core/disk';
import { withoutNotices } from '../without-notices.js';
import type { Installation } from './installation.js';

// With AVX-512. Turning oneDNN off (TF_ENABLE_ONEDNN_OPTS=0) would change results.
const NOTICES = [
  /^WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR$/m,
  /^I0000 .*oneDNN custom operations are on\./,
];

/** The N-API binding of tfjs-node: TensorFlow's eager C API. */
export interface Binding {
  TF_Version: string;
  isUsingGpuDevice(): boolean;
  getNumOfTensors(): number;
  readonly [constant: `TF_${string}`]: unknown;
}

/** Attribute of a TensorFlow operation, as the binding expects it. */
export interface OpAttribute {
  name: string;
  type: unknown;
  value: unknown;
}

/** The part of tfjs-node's backend that this package uses. */
export interface NativeKernelBackend extends tfjs.KernelBackend {
  binding: Binding;
  isUsingGpuDevice: boolean;
  executeSingleOutput(name: string, attributes: OpAttribute[], inputs: tfjs.TensorInfo[]): tfjs.Tensor;
}

interface TfjsNode {
  NodeJSKernelBackend: new (binding: Binding, packageName: string) => NativeKernelBackend;
}

/**
 * Loads tfjs-node's backend class and registers its kernels, both on the caller's copy of tfjs-core.
 *
 * tfjs-node's entry point is not used: it would import its own TensorFlow.js, look for a binding only in its own folder,
 * and call functions of `util` that newer versions of Node lack. Instead, its CommonJS files are run with a `require` that
 * resolves only the caller's tfjs-core, those functions, and the files themselves.
 *
 * @throws Error with the dynamic linker's message if the binding or its library cannot be loaded.
 */
export function loadTfjsNode(
  tf: typeof tfjs,
  { javascript, binding: file }: Installation,
): { createBackend(packageName: string): NativeKernelBackend; binding: Binding } {
  const { dirname, join } = builtinModule('node:path');
  const { createRequire } = builtinModule('node:module');
  // Suppresses the library's notices about the processor on stderr, except those about oneDNN; errors stay.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  // On two cores, oneDNN would otherwise leave one idle while the calling thread waits.
  process.env['TF_ONEDNN_THREADPOOL_USE_CALLER_THREAD'] ??= '1';
  const isQuiet = Number(process.env['TF_CPP_MIN_LOG_LEVEL']) >= 2;
  const load = () => createRequire(join(dirname(file), '_'))(file) as Binding;
  const binding = isQuiet ? withoutNotices(NOTICES, load) : load();

  const run = createCommonJsRunner(tf);
  const { NodeJSKernelBackend } = run(join(javascript, 'nodejs_kernel_backend.js')) as unknown as TfjsNode;
  run(join(javascript, 'register_all_kernels.js'));
  return { createBackend: (packageName) => new NodeJSKernelBackend(binding, packageName), binding };
}

/** Returns a function that runs a CommonJS file of tfjs-node and returns its exports. */
function createCommonJsRunner(tf: typeof tfjs): (file: string) => Record<string, unknown> {
  const { readFileSync } = builtinModule('node:fs');
  const { dirname, resolve } = builtinModule('node:path');
  const { compileFunction } = builtinModule('node:vm');
  const available: Record<string, unknown> = {
    '@tensorflow/tfjs': tf,
    '@tensorflow/tfjs-core': tf,
    // Node 23 removed these two functions.
    util: {
      ...builtinModule('node:util'),
      isNullOrUndefined: (value: unknown) => value == null,
      isArray: Array.isArray,
    },
    // Required only for TensorBoard summaries and saved models; it would depend on google-protobuf.
    './proto/api_pb': {},
    os: builtinModule('node:os'),
  };
  const loaded = new Map<string, { exports: Record<string, unknown> }>();

  const run = (file: string): Record<string, unknown> => {
    const known = loaded.get(file);
    if (known) return known.exports;
    const module = { exports: {} };
    loaded.set(file, module);
    const require = (id: string) => {
      if (Object.hasOwn(available, id)) return available[id];
      if (!id.startsWith('.'))
        throw new Error(`tfjs-node's ${file} requires "${id}", which is not available to it.`);
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
