import type * as tf from '@tensorflow/tfjs-core';
import { hardSigmoid, hardSwish, relu, relu6, silu } from '@unitsphere/ops';
import { Module } from '../module.js';

/** max(x, 0) of any shape. */
export class ReLU extends Module {
  override forward(x: tf.Tensor): tf.Tensor {
    return relu(x);
  }
}

/** torch.nn.Hardswish of any shape. */
export class Hardswish extends Module {
  override forward(x: tf.Tensor): tf.Tensor {
    return hardSwish(x);
  }
}

/** torch.nn.Hardsigmoid of any shape. */
export class Hardsigmoid extends Module {
  override forward(x: tf.Tensor): tf.Tensor {
    return hardSigmoid(x);
  }
}

/** torch.nn.ReLU6 of any shape. */
export class ReLU6 extends Module {
  override forward(x: tf.Tensor): tf.Tensor {
    return relu6(x);
  }
}

/** torch.nn.SiLU of any shape. */
export class SiLU extends Module {
  override forward(x: tf.Tensor): tf.Tensor {
    return silu(x);
  }
}
