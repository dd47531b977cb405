import type { Constant, Graph, Node } from '../graph/graph.js';
import type { Activation, Range } from './activation-range.js';
import { correctBias } from './correct-bias.js';
import {
  addDequantize,
  addQuantizedWeights,
  listQuantizedKernels,
  roundHalfEven,
} from './quantize-weights.js';

/** Scale and zero point of an activation in uint8. */
interface Grid {
  scale: number;
  zero: number;
}

const LEVELS = 255;
const LARGEST_INT32 = 2 ** 31 - 1;

/** Operators beside kernels that ONNX Runtime computes on integers when their inputs and outputs are quantized. */
const isInteger = (graph: Graph, { op, inputs }: Node): boolean =>
  ['GlobalAveragePool', 'MaxPool'].includes(op) ||
  (op === 'Add' && inputs.every((input) => graph.values.has(input)));

/** Activations that ONNX Runtime merges into the convolution before, as bounds of the integers. */
const isBound = ({ op }: Node) => op === 'Relu' || op === 'Clip';

/** Returns the values that `quantizeActivations` quantizes, and whose ranges it requires. */
export function listQuantizedValues(graph: Graph): string[] {
  const consumers = graph.consumers();
  const kernels = listQuantizedKernels(graph);
  const names = new Set<string>();
  for (const node of graph.nodes) {
    const isKernel = kernels.has(node);
    if (!isKernel && !isInteger(graph, node)) continue;
    for (const input of isKernel ? node.inputs.slice(0, 1) : node.inputs) names.add(input);
    if (node.op === 'Gemm') continue;
    const [output] = node.outputs;
    const [next, ...others] = consumers.get(output) ?? [];
    names.add(next && others.length === 0 && isBound(next) ? next.outputs[0] : output);
  }
  return [...names].filter((name) => graph.typeOf(name).type === 'float32');
}

/**
 * Quantizes a graph statically in the form QDQ: activations to uint8 with one scale, weights to int8 and biases to int32 with
 * one scale an output channel. ONNX Runtime replaces the pairs of QuantizeLinear and DequantizeLinear by integer operators.
 * @param activations Range and means of each value of `listQuantizedValues`.
 * @see https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
 */
export function quantizeActivations(graph: Graph, activations: ReadonlyMap<string, Activation>): void {
  const grids = new Map([...activations].map(([name, { range }]) => [name, gridOf(range)] as const));
  const nodes: Node[] = [];
  const restored = new Map<string, string>();
  const quantize = (name: string) => {
    const grid = grids.get(name);
    if (grid) restored.set(name, addQuantizePair(graph, name, grid, nodes));
  };
  for (const input of graph.inputs) quantize(input);
  const kernels = listQuantizedKernels(graph);
  for (const node of graph.nodes) {
    const [input] = node.inputs;
    const grid = grids.get(input);
    const activation = activations.get(input);
    if (grid && activation && kernels.has(node)) quantizeKernel(graph, node, grid, activation.means, nodes);
    node.inputs = node.inputs.map((input) => restored.get(input) ?? input);
    nodes.push(node);
    for (const output of node.outputs) quantize(output);
  }
  graph.nodes = nodes;
}

function gridOf({ low, high }: Range): Grid {
  // Zero must be exact: it is the padding of convolutions.
  const [from, to] = [Math.min(low, 0), Math.max(high, 0)];
  const scale = Math.fround((to - from) / LEVELS) || 1;
  return { scale, zero: Math.min(LEVELS, Math.max(0, roundHalfEven(-from / scale))) };
}

/** Adds QuantizeLinear and DequantizeLinear of a value. @returns The restored value's name. */
function addQuantizePair(graph: Graph, name: string, { scale, zero }: Grid, nodes: Node[]): string {
  const { shape } = graph.typeOf(name);
  const constants = [
    graph.addConstant('scale', { type: 'float32', shape: [], data: Float32Array.of(scale) }),
    graph.addConstant('zero', { type: 'uint8', shape: [], data: Uint8Array.of(zero) }),
  ];
  // Names are short because long ones would show in the size of a small network's file.
  const add = (op: string, input: string, type: 'uint8' | 'float32', prefix: string) =>
    graph.makeNode(op, [input, ...constants], { type, shape }, {}, graph.nameOutput(prefix));
  const quantized = add('QuantizeLinear', name, 'uint8', 'q');
  const restored = add('DequantizeLinear', quantized.outputs[0], 'float32', 'dq');
  nodes.push(quantized, restored);
  return restored.outputs[0];
}

function quantizeKernel(graph: Graph, node: Node, { scale }: Grid, means: Float64Array, nodes: Node[]): void {
  const [, weight, bias] = node.inputs;
  const [, inputs] = (graph.constants.get(weight) as Constant).shape;
  const { name, scales, errors } = addQuantizedWeights(graph, weight, nodes);
  node.inputs[1] = name;
  if (!bias) return;
  const { data } = graph.constants.get(bias) as Constant;
  const corrected = correctBias(data as Float32Array, errors, inputs, means);
  // The scale of a sum of products of activations and weights.
  const products = scales.map((value) => value * scale);
  const values = Int32Array.from(corrected, (value, c) => {
    const rounded = roundHalfEven(value / products[c]);
    return Math.max(-LARGEST_INT32, Math.min(LARGEST_INT32, rounded));
  });
  const quantized = graph.addConstant(`${bias}_int32`, {
    type: 'int32',
    shape: [values.length],
    data: values,
  });
  node.inputs[2] = addDequantize(graph, quantized, products, new Int32Array(values.length), nodes);
}
