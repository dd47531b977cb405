import * as tf from '@tensorflow/tfjs-core';
import { hasNativeBfloat16 } from '../wasm/native-kernels.js';
import { webGpuRuntime } from '../webgpu/runtime.js';
import {
  getFloat32MatmulPrecision,
  type MatmulPrecision,
  PRODUCT_KINDS,
  type ProductKind,
  precisionOf,
} from './matmul-precision.js';
import { onCuda } from './product.js';

/** Arithmetic of a kind of product on a backend. */
export interface ProductReport {
  /** Requested precision. */
  requested: MatmulPrecision;
  /** Arithmetic that the backend performs, in words. */
  arithmetic: string;
}

/** Arithmetic of all products on the current backend. */
export interface MatmulPrecisionReport {
  /** TensorFlow.js's name of the backend. */
  backend: string;
  /** Precision set by setFloat32MatmulPrecision. */
  requested: MatmulPrecision;
  products: Record<ProductKind, ProductReport>;
}

const NAMES = { high: 'TensorFloat-32', medium: 'bfloat16' } as const;

/**
 * Describes the arithmetic that products and their gradients perform on the current backend, from the current precision and the
 * device's features. Every other operation is float32.
 * @throws Error if no backend is ready.
 */
export function describeMatmulPrecision(): MatmulPrecisionReport {
  const backend = tf.getBackend();
  if (!backend) {
    throw new Error(
      'describeMatmulPrecision: no TensorFlow.js backend is ready, and the arithmetic depends on it. Start one first.',
    );
  }
  const reports = PRODUCT_KINDS.map((kind) => {
    const requested = precisionOf(kind);
    return [kind, { requested, arithmetic: arithmeticOf(backend, kind, requested) }];
  });
  return { backend, requested: getFloat32MatmulPrecision(), products: Object.fromEntries(reports) };
}

function arithmeticOf(backend: string, kind: ProductKind, precision: MatmulPrecision): string {
  const tensorCores =
    "TensorFlow's own arithmetic, which is TensorFloat-32 on GPUs that have it unless NVIDIA_TF32_OVERRIDE=0 was set before it started, else float32";
  const cuda = backend === 'tensorflow' && onCuda();
  if (precision === 'highest') return cuda ? tensorCores : 'float32';
  if (precision === 'high' && cuda) return tensorCores;
  if (backend === 'webgpu' && kind !== 'selfAttention' && webGpuRuntime(tf.backend()).tuning.f16) {
    return "float16 inputs, each tensor's largest value scaled by a power of two to the top of the range, float32 accumulation";
  }
  if (backend === 'wasm' && precision === 'medium' && kind !== 'selfAttention' && hasNativeBfloat16()) {
    return "bfloat16 inputs in the processor's AVX512-BF16 instructions, float32 accumulation";
  }
  const accumulation = cuda ? `then ${tensorCores}` : 'float32 accumulation';
  return `${NAMES[precision]} inputs, emulated by rounding to nearest even, ${accumulation}`;
}
