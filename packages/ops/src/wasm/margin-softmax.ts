import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type {
  MarginSoftmaxAttrs,
  MarginSoftmaxBackwardInputs,
  MarginSoftmaxForwardAttrs,
} from '../margin-softmax-attrs.js';
import { NULL_POINTER } from './pointer.js';
import { wasmRuntime } from './runtime.js';

/** Returns [own, rowMax, rowSum, inverseNorms], and the cosines if they are to be kept. */
export const marginSoftmaxForwardWasm: Kernel<
  { embeddings: tf.Tensor2D; centers: tf.Tensor2D; labels: tf.Tensor1D },
  MarginSoftmaxForwardAttrs
> = ({
  inputs: { embeddings, centers, labels },
  attrs: { scale, filterThreshold, keepCosines },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const [rows, dimensions] = embeddings.shape;
  const classes = centers.shape[0];
  const own = runtime.output([rows]);
  const rowMax = runtime.output([rows]);
  const rowSum = runtime.output([rows]);
  const inverseNorms = runtime.output([classes]);
  const cosines = keepCosines ? runtime.output([rows * classes]) : undefined;
  runtime.withScratch(runtime.kernels.marginSoftmaxScratchBytes(rows), (scratch) =>
    runtime.kernels.marginSoftmaxForward(
      runtime.pointer(embeddings),
      rows,
      dimensions,
      runtime.pointer(centers),
      classes,
      runtime.pointer(labels),
      scale,
      filterThreshold,
      runtime.pointer(own),
      runtime.pointer(rowMax),
      runtime.pointer(rowSum),
      runtime.pointer(inverseNorms),
      cosines ? runtime.pointer(cosines) : NULL_POINTER,
      scratch,
    ),
  );
  const outputs = [own, rowMax, rowSum, inverseNorms];
  return cosines ? [...outputs, cosines] : outputs;
};

/** Returns [dEmbeddings, dCenters]. */
export const marginSoftmaxBackwardWasm: Kernel<
  MarginSoftmaxBackwardInputs,
  MarginSoftmaxAttrs & { rows: number }
> = ({ inputs, attrs: { scale, filterThreshold, rows: lossRows }, backend }) => {
  const runtime = wasmRuntime(backend);
  const { embeddings, centers, labels, inverseNorms, logSumExp, ownGradient, cosines } = inputs;
  const [rows, dimensions] = embeddings.shape;
  const classes = centers.shape[0];
  const factor = scale / lossRows;
  const dEmbeddings = runtime.output(embeddings.shape);
  const dCenters = runtime.output(centers.shape);
  runtime.withScratch(runtime.kernels.marginSoftmaxScratchBytes(rows), (scratch) =>
    runtime.kernels.marginSoftmaxBackward(
      runtime.pointer(embeddings),
      rows,
      dimensions,
      runtime.pointer(centers),
      classes,
      runtime.pointer(labels),
      runtime.pointer(inverseNorms),
      runtime.pointer(logSumExp),
      runtime.pointer(ownGradient),
      scale,
      filterThreshold,
      factor,
      cosines ? runtime.pointer(cosines) : NULL_POINTER,
      runtime.pointer(dEmbeddings),
      runtime.pointer(dCenters),
      scratch,
    ),
  );
  return [dEmbeddings, dCenters];
};
