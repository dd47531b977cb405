import type { TracedCall } from '@unitsphere/inference';
import { OnnxExportError } from '../errors.js';
import type { GraphBuilder } from '../graph/graph-builder.js';
import { activationOperations } from './activation.js';
import { arithmetic } from './arithmetic.js';
import { attention } from './attention.js';
import { batchNorms } from './batch-norm.js';
import { convolutions } from './convolution.js';
import { vectorNorms } from './norms.js';
import type { Operations } from './operation.js';
import { poolings } from './pooling.js';
import { products } from './products.js';
import { shapeOperations } from './shape.js';

const operations: Operations = {
  ...activationOperations,
  ...arithmetic,
  ...attention,
  ...batchNorms,
  ...convolutions,
  ...poolings,
  ...products,
  ...shapeOperations,
  ...vectorNorms,
};

/** Adds the nodes of a traced call. @throws OnnxExportError for an operation that has no counterpart here. */
export function addOperation(call: TracedCall, builder: GraphBuilder): void {
  const { kernel } = call;
  if (/^Unitsphere.*Train$/.test(kernel)) {
    throw new OnnxExportError(`The model is in training mode (${kernel}). Call eval() before the export.`);
  }
  if (!Object.hasOwn(operations, kernel)) {
    throw new OnnxExportError(
      `The model uses the operation ${kernel}, which cannot be exported. Supported: ${Object.keys(operations).sort().join(', ')}.`,
    );
  }
  operations[kernel](call, builder);
}
