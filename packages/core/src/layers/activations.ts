import type * as tf from '@tensorflow/tfjs-core';
import { hardSigmoid, hardSwish, relu, relu6, silu } from '@unitsphere/ops';
import { Module } from '../module.js';

/** torch.nn.ReLU for any shape. */
export class ReLU extends Module {
  override forward(x: tf.Tensor): tf.Tensor {
    return relu(x);
  }
}

/** torch.nn.Hardswish for any shape. */
export class Hardswish extends Module {
  override forward(x: tf.Tensor): tf.Tensor {
    return hardSwish(x);
  }
}

/** torch.nn.Hardsigmoid for any shape. */
export class Hardsigmoid extends Module {
  override forward(x: tf.Tensor): tf.Tensor {
    return hardSigmoid(x);
  }
}

/** torch.nn.ReLU6 for any shape. */
export class ReLU6 extends Module {
  override forward(x: tf.Tensor): tf.Tensor {
    return relu6(x);
  }
}

/** torch.nn.SiLU for any shape. */
export class SiLU extends Module {
  override forward(x: tf.Tensor): tf.Tensor {
    return silu(x);
  }
}
