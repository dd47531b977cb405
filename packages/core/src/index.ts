import '@unitsphere/core/gradients';

export {
  arrayTypeOf,
  checkFinite,
  type HostDtype,
  type HostTensor,
  NonFiniteError,
  type StateDict,
  toFloat32,
} from './host-tensor.js';
export { ignoreMissing, importInstalled } from './import-installed.js';
export * as initializers from './initializers.js';
export { Hardsigmoid, Hardswish, ReLU, ReLU6, SiLU } from './layers/activations.js';
export { Conv2d, type Conv2dOptions } from './layers/conv2d.js';
export { DepthwiseConv2d } from './layers/depthwise-conv2d.js';
export { DropPath } from './layers/drop-path.js';
export { GroupedConv2d } from './layers/grouped-conv2d.js';
export { Linear } from './layers/linear.js';
export { MaxPool2d } from './layers/max-pool2d.js';
export { PReLU } from './layers/prelu.js';
export { type LoadReport, Module, StateDictError } from './module.js';
export { Buffer, Counter, type Layout, Parameter, type ParameterOptions } from './parameter.js';
export { hashKey, Random } from './random.js';
export { runInSequence } from './run-in-sequence.js';
export {
  float32,
  type ReadSafetensorsOptions,
  readSafetensors,
  SafetensorsError,
  type SafetensorsFile,
  safetensorsHeader,
  writeSafetensors,
} from './safetensors.js';
export type { SavedTensorsHooks } from './saved-tensors.js';
export { Sequential } from './sequential.js';
export { forwardAndPullback, type Pullback, type PullbackOptions } from './tape.js';
export { valueAndGradients } from './value-and-gradients.js';
