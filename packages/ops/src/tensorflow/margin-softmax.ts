import * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type {
  MarginSoftmaxAttrs,
  MarginSoftmaxBackwardInputs,
  MarginSoftmaxForwardAttrs,
  MarginSoftmaxForwardInputs,
} from '../margin-softmax-attrs.js';
import { composeBackward, composeForward } from '../margin-softmax-composition.js';
import { tensorFlowRuntime } from './runtime.js';

/** Keeps the cosines for the backward pass, if asked to. */
export const marginSoftmaxForwardTensorFlow: Kernel<
  MarginSoftmaxForwardInputs,
  MarginSoftmaxForwardAttrs
> = ({ inputs, attrs }) =>
  tf.tidy(() => {
    const { sums, cosines } = composeForward(inputs, attrs);
    return attrs.keepCosines ? [...sums, tf.reshape(cosines, [-1])] : sums;
  });

/** Uses the cosines that the forward pass kept. */
export const marginSoftmaxBackwardTensorFlow: Kernel<
  MarginSoftmaxBackwardInputs,
  MarginSoftmaxAttrs & { rows: number }
> = ({ inputs, attrs, backend }) =>
  tf.tidy(() => {
    const runtime = tensorFlowRuntime(backend);
    const removeAlong = (...tensors: [dCenters: tf.Tensor, centers: tf.Tensor, along: tf.Tensor]) => {
      const handles = tensors.map((tensor) => runtime.of(tensor));
      const [difference] = runtime.compute(() =>
        runtime.runCompiled(
          'remove_along',
          handles,
          [tensors[1].shape],
          (operations, dCenters, centers, along) => [
            operations.floats('Sub', dCenters, operations.floats('Mul', centers, along)),
          ],
        ),
      );
      return difference;
    };
    const shape: [number, number] = [inputs.embeddings.shape[0], inputs.centers.shape[0]];
    const kept = inputs.cosines && (tf.reshape(inputs.cosines, shape) as tf.Tensor2D);
    return composeBackward(inputs, attrs, kept, removeAlong);
  });
