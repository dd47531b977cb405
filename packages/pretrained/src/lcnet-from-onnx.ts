import type { Backbone } from '@unitsphere/backbones';
import { float32, type HostTensor, type StateDict, toFloat32 } from '@unitsphere/core';
import { CheckpointError } from './readers/checkpoint-error.js';
import type { OnnxGraph, OnnxNode } from './readers/onnx-graph.js';

// Epsilon of our batch norms, and the default in ONNX.
const EPSILON = 1e-5;
const LCNET_KERNELS =
  /^(conv_stem|blocks\.\d+\.\d+\.(conv_dw|conv_pw|se\.conv_reduce|se\.conv_expand))\.weight$/;

/** Convolution of the model: the keys of its kernel, its bias, and the batch norm after it. */
interface Convolution {
  kernel: string;
  shape: number[];
  bias?: string;
  norm?: string;
}

/** Convolution of the graph, with the bias and the batch norm after it. */
interface OnnxConvolution {
  node: OnnxNode;
  kernel: HostTensor;
  bias?: HostTensor;
  norm?: { node: OnnxNode; tensors: HostTensor[] };
}

/** Returns whether a backbone has LCNet's keys: a stem and depthwise-separable blocks, in execution order. */
export function isLCNet(model: Backbone): boolean {
  const kernels = kernelsOf(model).map(({ kernel }) => kernel);
  return (
    kernels[0] === 'conv_stem.weight' &&
    kernels.some((key) => key.endsWith('conv_dw.weight')) &&
    kernels.every((key) => LCNET_KERNELS.test(key))
  );
}

/**
 * Converts a published PP-LCNet in ONNX, which has PaddlePaddle's names, to an LCNet's state dict. Convolutions are matched by
 * their order in the graph, with the batch norms after them, and must have the model's shapes. If a batch norm was folded
 * into its convolution, the result has a batch norm that only shifts.
 * @returns A state dict with timm's keys, without the classifier.
 * @throws CheckpointError with the first convolution that differs, if the graph is another network.
 */
export function convertLCNetFromOnnx(model: Backbone, graph: OnnxGraph): StateDict {
  const ours = kernelsOf(model);
  const theirs = convolutionsOf(graph);
  const state: StateDict = new Map();
  ours.forEach((convolution, i) => {
    const found = theirs[i];
    const place = `convolution ${i + 1} of ${ours.length} ("${convolution.kernel}")`;
    if (!found)
      throw new CheckpointError(
        `The ONNX model is another network: it has ${theirs.length} convolutions, so it lacks ${place}.`,
      );
    const [down, across] = found.node.strides ?? [];
    if (down !== across) {
      throw new CheckpointError(
        `The ONNX model is another network: ${place} has the strides [${found.node.strides}], as for text lines; the model requires equal strides.`,
      );
    }
    const shape = found.kernel.shape;
    // The stem's input channels may differ: loadPretrained adapts them.
    const hasShape = convolution.shape.every((size, axis) => size === shape[axis] || (i === 0 && axis === 1));
    if (!hasShape || shape.length !== 4) {
      throw new CheckpointError(
        `The ONNX model is another network: ${place} has the shape [${shape}], but [${convolution.shape}] is required.`,
      );
    }
    addConvolution(state, convolution, found, place);
  });
  return state;
}

function kernelsOf(model: Backbone): Convolution[] {
  const convolutions: Convolution[] = [];
  for (const [key, { layout, diskShape }] of model.namedParameters()) {
    const last = convolutions.at(-1);
    if (layout !== 'plain') convolutions.push({ kernel: key, shape: diskShape });
    else if (last && key === last.kernel.replace(/weight$/, 'bias')) last.bias = key;
    else if (last && key.endsWith('.weight')) last.norm = key.slice(0, -'.weight'.length);
  }
  return convolutions;
}

function convolutionsOf({ nodes, tensors }: OnnxGraph): OnnxConvolution[] {
  const consumers = new Map<string, OnnxNode[]>();
  const producers = new Map<string, OnnxNode>();
  for (const node of nodes) {
    for (const input of node.inputs)
      consumers.set(input, [...(consumers.get(input) ?? []), node].slice(0, 8));
    for (const output of node.outputs) producers.set(output, node);
  }
  // A bias may be reshaped to [1, channels, 1, 1] before it is added.
  const constant = (name: string): HostTensor | undefined => {
    const producer = producers.get(name);
    return (
      tensors.get(name) ?? (producer?.type === 'Reshape' ? tensors.get(producer.inputs[0] ?? '') : undefined)
    );
  };
  return nodes.flatMap((node): OnnxConvolution[] => {
    const kernel = tensors.get(node.inputs[1] ?? '');
    if (node.type !== 'Conv' || !kernel) return [];
    const [next, other] = consumers.get(node.outputs[0] ?? '') ?? [];
    const found: OnnxConvolution = { node, kernel, bias: tensors.get(node.inputs[2] ?? '') };
    if (!next || other) return [found];
    if (next.type === 'Add' && !found.bias)
      found.bias = next.inputs.map(constant).find((tensor) => tensor !== undefined);
    if (next.type === 'BatchNormalization') {
      const values = next.inputs.slice(1, 5).map((name) => tensors.get(name));
      if (values.every((tensor) => tensor !== undefined)) found.norm = { node: next, tensors: values };
    }
    return [found];
  });
}

/** Adds a convolution of the graph, with its bias and batch norm, to the state dict. */
function addConvolution(state: StateDict, ours: Convolution, theirs: OnnxConvolution, place: string): void {
  const channels = ours.shape[0];
  const vector = (tensor: HostTensor | undefined, role: string): Float32Array => {
    const values = tensor && toFloat32(tensor);
    if (values?.length !== channels) {
      throw new CheckpointError(
        `The ONNX model is another network: the ${role} of ${place} has ${values?.length ?? 'no'} values, but ${channels} are required.`,
      );
    }
    return values;
  };
  state.set(ours.kernel, theirs.kernel);
  if (ours.bias) state.set(ours.bias, float32([channels], vector(theirs.bias, 'bias')));
  else if (theirs.bias && theirs.norm)
    throw new CheckpointError(
      `The ONNX model is another network: ${place} has a bias before its batch norm.`,
    );
  if (!ours.norm) return;
  const { norm } = theirs;
  const [scale, shift, mean, variance] = norm
    ? norm.tensors.map((tensor, i) => vector(tensor, ['scale', 'shift', 'mean', 'variance'][i]))
    : [ones(channels), vector(theirs.bias, 'folded batch norm'), new Float32Array(channels), ones(channels)];
  const epsilon = norm ? (norm.node.epsilon ?? EPSILON) : 0;
  const set = (name: string, values: Float32Array) =>
    state.set(`${ours.norm}.${name}`, float32([channels], values));
  set('weight', scale);
  set('bias', shift);
  set('running_mean', mean);
  set(
    'running_var',
    Math.fround(epsilon) === Math.fround(EPSILON) ? variance : variance.map((v) => v + epsilon - EPSILON),
  );
}

function ones(count: number): Float32Array {
  return new Float32Array(count).fill(1);
}
