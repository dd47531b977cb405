import type { MatmulPrecision } from './precision/matmul-precision.js';
import type { Window } from './window.js';

/** Window of a convolution, and the precision of its products. */
export type ConvolutionAttrs = Window & { precision: MatmulPrecision };
