import type { MatmulPrecision } from './precision/matmul-precision.js';

/** What `matMul` and its kernels share: which of the operands are transposed, and the precision. */
export interface MatMulAttrs {
  transposeA: boolean;
  transposeB: boolean;
  precision: MatmulPrecision;
}
