import { describeMatmulPrecision, withFloat32MatmulPrecision } from '@unitsphere/mixed-precision';
import type { Config } from '../config/config.js';
import type { PrecisionSummary } from '../report/index.js';

/** Returns what the current backend does for the config's precision. */
export function precisionSummary({ precision }: Config): PrecisionSummary {
  const { requested, products } = withFloat32MatmulPrecision(precision.matmul, describeMatmulPrecision);
  const did = Object.entries(products).map(([kind, product]) => [kind, product.arithmetic]);
  return { matmul: requested, activations: precision.activations, did: Object.fromEntries(did) };
}

/** Formats a precision summary as one line, with products of equal precision grouped. */
export function precisionLine({ matmul, activations, did }: PrecisionSummary): string {
  const products = [...new Set(Object.values(did))].map((format) => {
    const kinds = Object.keys(did).filter((kind) => did[kind] === format);
    return `${kinds.join(', ')}: ${format}`;
  });
  const saved = activations === 'bfloat16' ? '; activations are saved for the backward pass in bfloat16' : '';
  return `${matmul} precision (${products.join('; ')})${saved}`;
}
