import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type {
  MarginSoftmaxAttrs,
  MarginSoftmaxBackwardInputs,
  MarginSoftmaxForwardAttrs,
} from '../margin-softmax.js';
import { wasmRuntime } from './runtime.js';

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
  const outputs = [rows, rows, rows, classes].map((size) => runtime.output([size]));
  const kept = keepCosines ? runtime.output([rows * classes]) : undefined;
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
      ...outputs.map((output) => runtime.pointer(output)),
      kept ? runtime.pointer(kept) : 0,
      scratch,
    ),
  );
  return kept ? [...outputs, kept] : outputs;
};

export const marginSoftmaxBackwardWasm: Kernel<
  MarginSoftmaxBackwardInputs,
  MarginSoftmaxAttrs & { rows: number }
> = ({ inputs, attrs: { scale, filterThreshold, rows: lossRows }, backend }) => {
  const runtime = wasmRuntime(backend);
  const { embeddings, centers, labels, inverseNorms, logSumExp, ownGradient, cosines } = inputs;
  const [rows, dimensions] = embeddings.shape;
  const dEmbeddings = runtime.output(embeddings.shape);
  const dCenters = runtime.output(centers.shape);
  runtime.withScratch(runtime.kernels.marginSoftmaxScratchBytes(rows), (scratch) =>
    runtime.kernels.marginSoftmaxBackward(
      runtime.pointer(embeddings),
      rows,
      dimensions,
      runtime.pointer(centers),
      centers.shape[0],
      ...[labels, inverseNorms, logSumExp, ownGradient].map((tensor) => runtime.pointer(tensor)),
      scale,
      filterThreshold,
      scale / lossRows,
      cosines ? runtime.pointer(cosines) : 0,
      runtime.pointer(dEmbeddings),
      runtime.pointer(dCenters),
      scratch,
    ),
  );
  return [dEmbeddings, dCenters];
};
