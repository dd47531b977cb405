import type { Constant, Graph, Node } from '../graph/graph.js';

const LARGEST = 127;
// The smallest normal float32.
const SMALLEST_SCALE = 2 ** -126;
/** Number of layers at the beginning that stay float32, if each has at most this part of all weights. */
const FIRST_LAYERS = 2;
const SMALL_PART = 0.01;

/** Weights of one node as int8, one scale an output channel. */
export interface QuantizedWeights {
  /** Name of the dequantized weights. */
  name: string;
  /** Scale of each output channel. */
  scales: Float32Array;
  /** Dequantized weights minus the original ones. */
  errors: Float32Array;
}

/** Operators whose second input is a kernel with output channels on its first axis. */
const hasKernel = ({ op }: Node): boolean => op === 'Conv' || op === 'Gemm';

/**
 * Returns the convolutions and linear layers with constant weights, except the first two if they are small. These see the finest
 * differences of an image, and all other layers amplify their rounding errors, while their weights hardly show in the file's size.
 */
export function listQuantizedKernels(graph: Graph): Set<Node> {
  const kernels = graph.nodes.filter((node) => hasKernel(node) && graph.constants.has(node.inputs[1]));
  const sizes = kernels.map(({ inputs }) => (graph.constants.get(inputs[1]) as Constant).data.length);
  const largest = SMALL_PART * sizes.reduce((a, b) => a + b, 0);
  return new Set(kernels.filter((_, i) => i >= FIRST_LAYERS || sizes[i] > largest));
}

/**
 * Stores the weights of `listQuantizedKernels` as int8, symmetric, with one scale an output channel. A DequantizeLinear restores
 * float32, so computations are those of float32 with rounded weights.
 */
export function quantizeWeights(graph: Graph): void {
  const nodes: Node[] = [];
  const kernels = listQuantizedKernels(graph);
  for (const node of graph.nodes) {
    if (kernels.has(node)) {
      node.inputs[1] = addQuantizedWeights(graph, node.inputs[1], nodes).name;
    }
    nodes.push(node);
  }
  graph.nodes = nodes;
}

/** Adds the int8 constant of weights and the DequantizeLinear that restores them. */
export function addQuantizedWeights(graph: Graph, name: string, nodes: Node[]): QuantizedWeights {
  const { shape, data } = graph.constants.get(name) as Constant & { data: Float32Array };
  const channels = shape[0];
  const size = data.length / channels;
  const scales = new Float32Array(channels);
  const values = new Int8Array(data.length);
  const errors = new Float32Array(data.length);
  for (let c = 0; c < channels; c++) {
    let largest = 0;
    for (let i = c * size; i < (c + 1) * size; i++) largest = Math.max(largest, Math.abs(data[i]));
    // A channel of zeros takes any scale.
    scales[c] = largest > 0 ? Math.max(largest / LARGEST, SMALLEST_SCALE) : 1;
    for (let i = c * size; i < (c + 1) * size; i++) {
      values[i] = roundHalfEven(data[i] / scales[c]);
      errors[i] = values[i] * scales[c] - data[i];
    }
  }
  const quantized = graph.addConstant(`${name}_int8`, { type: 'int8', shape, data: values });
  const restored = addDequantize(graph, quantized, scales, new Int8Array(channels), nodes);
  return { name: restored, scales, errors };
}

/** Adds a DequantizeLinear with one scale for each index of the first axis. @returns The output's name. */
export function addDequantize(
  graph: Graph,
  name: string,
  scales: Float32Array,
  zeros: Int8Array | Int32Array,
  nodes: Node[],
): string {
  const { shape, type } = graph.constants.get(name) as Constant;
  const perChannel = { shape: [scales.length] };
  const scale = graph.addConstant('scales', { type: 'float32', ...perChannel, data: scales });
  const zero = graph.addConstant('zeros', { type, ...perChannel, data: zeros });
  const axis = { axis: { int: 0 } };
  const output = graph.nameOutput('dq');
  const node = graph.makeNode(
    'DequantizeLinear',
    [name, scale, zero],
    { type: 'float32', shape },
    axis,
    output,
  );
  nodes.push(node);
  return node.outputs[0];
}

/** Rounds to nearest, ties to even, as QuantizeLinear. */
export function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  return value - low === 0.5 ? low + (low & 1) : Math.round(value);
}
