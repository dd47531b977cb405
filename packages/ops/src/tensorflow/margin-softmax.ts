import * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type {
  MarginSoftmaxAttrs,
  MarginSoftmaxBackwardInputs,
  MarginSoftmaxForwardAttrs,
  MarginSoftmaxForwardInputs,
} from '../margin-softmax-attrs.js';
import { composeBackward, composeForward } from '../margin-softmax-composition.js';

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
> = ({ inputs, attrs }) =>
  tf.tidy(() => {
    const shape: [number, number] = [inputs.embeddings.shape[0], inputs.centers.shape[0]];
    return composeBackward(inputs, attrs, inputs.cosines && tf.reshape(inputs.cosines, shape));
  });
