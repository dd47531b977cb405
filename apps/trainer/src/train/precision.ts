import { describeMatmulPrecision, withFloat32MatmulPrecision } from '@unitsphere/mixed-precision';
import type { Config } from '../config/config.js';
import type { PrecisionSummary } from '../report/index.js';

/** What the config's precision comes to on the backend that runs. */
export function precisionSummary({ precision }: Config): PrecisionSummary {
  const { requested, products } = withFloat32MatmulPrecision(precision.matmul, describeMatmulPrecision);
  const did = Object.entries(products).map(([kind, product]) => [kind, product.did]);
  return { matmul: requested, activations: precision.activations, did: Object.fromEntries(did) };
}

/** The same in a line: products that do the same together. */
export function precisionLine({ matmul, activations, did }: PrecisionSummary): string {
  const ways = [...new Set(Object.values(did))].map((way) => {
    const kinds = Object.keys(did).filter((kind) => did[kind] === way);
    return `${kinds.join(', ')}: ${way}`;
  });
  const kept = activations === 'bfloat16' ? '; activations wait for the gradient in bfloat16' : '';
  return `${matmul} precision (${ways.join('; ')})${kept}`;
}
