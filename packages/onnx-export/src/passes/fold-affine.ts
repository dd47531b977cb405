import type { Graph, Node } from '../graph/graph.js';

/** y = scale · x + shift for each channel. */
interface Affine {
  scale?: Float64Array;
  shift: Float64Array;
}

/**
 * Merges batch norms, and sums with one constant a channel, into the operator before: a Conv, a Gemm or a
 * LayerNormalization whose output nothing else reads. The new constants are computed in float64.
 */
export function foldAffine(graph: Graph): void {
  const producers = graph.producers();
  const consumers = graph.consumers();
  const removed = new Set<Node>();
  for (const node of graph.nodes) {
    const before = producers.get(node.inputs[0]);
    if (!before || consumers.get(node.inputs[0])?.length !== 1) continue;
    const merge = Object.hasOwn(mergers, before.op) ? mergers[before.op] : undefined;
    const channels = merge && channelCount(graph, before);
    const affine = channels && affineOf(graph, node, channels);
    if (!merge || !affine) continue;
    merge(graph, before, affine);
    before.outputs = node.outputs;
    producers.set(node.outputs[0], before);
    removed.add(node);
  }
  graph.nodes = graph.nodes.filter((node) => !removed.has(node));
}

function channelCount(graph: Graph, node: Node): number {
  const { shape } = graph.typeOf(node.outputs[0]);
  return Number(node.op === 'Conv' ? shape[1] : shape[shape.length - 1]);
}

function affineOf(graph: Graph, node: Node, channels: number): Affine | undefined {
  if (node.op === 'BatchNormalization') {
    const [gamma, beta, mean, variance] = node.inputs.slice(1).map((name) => valuesOf(graph, name));
    const { epsilon } = node.attributes as { epsilon: { float: number } };
    const scale = Float64Array.from(gamma, (value, c) => value / Math.sqrt(variance[c] + epsilon.float));
    return { scale, shift: Float64Array.from(beta, (value, c) => value - mean[c] * scale[c]) };
  }
  const addend = node.op === 'Add' && graph.constants.get(node.inputs[1]);
  if (!addend || addend.data.length !== channels) return undefined;
  // One value a channel: all other sides are 1, and the constant aligns with the axis of the channels.
  const { shape } = graph.typeOf(node.inputs[0]);
  const fromEnd = addend.shape.length - 1 - addend.shape.indexOf(channels);
  const isAligned = shape[shape.length - 1 - fromEnd] === channels;
  return isAligned ? { shift: Float64Array.from(valuesOf(graph, node.inputs[1])) } : undefined;
}

const mergers: Readonly<Record<string, (graph: Graph, node: Node, affine: Affine) => void>> = {
  Conv: mergeIntoWeights,
  Gemm: mergeIntoWeights,
  LayerNormalization: (graph, node, { scale, shift }) => {
    const [gamma, beta] = node.inputs.slice(1).map((name) => valuesOf(graph, name));
    const factor = (c: number) => scale?.[c] ?? 1;
    replaceConstant(
      graph,
      node,
      1,
      Float32Array.from(gamma, (value, c) => value * factor(c)),
    );
    replaceConstant(
      graph,
      node,
      2,
      Float32Array.from(beta, (value, c) => value * factor(c) + shift[c]),
    );
  },
};

/** Scales the rows of a kernel [outChannels, …], and the bias. */
function mergeIntoWeights(graph: Graph, node: Node, { scale, shift }: Affine): void {
  const [, weight, bias] = node.inputs;
  if (scale) replaceConstant(graph, node, 1, scaleRows(valuesOf(graph, weight), scale));
  const biases = bias ? valuesOf(graph, bias) : new Float32Array(shift.length);
  const merged = Float32Array.from(biases, (value, c) => value * (scale?.[c] ?? 1) + shift[c]);
  if (bias) replaceConstant(graph, node, 2, merged);
  else {
    const name = weight.replace(/\.weight$/, '.bias');
    const constant = { type: 'float32', shape: [shift.length], data: merged } as const;
    node.inputs[2] = graph.addConstant(name === weight ? `${weight}.bias` : name, constant);
  }
}

function scaleRows(values: Float32Array, scale: Float64Array): Float32Array {
  const out = new Float32Array(values.length);
  const size = values.length / scale.length;
  for (let i = 0, c = 0; c < scale.length; c++) {
    for (const end = i + size; i < end; i++) out[i] = values[i] * scale[c];
  }
  return out;
}

function valuesOf(graph: Graph, name: string): Float32Array {
  const constant = graph.constants.get(name);
  if (!(constant?.data instanceof Float32Array)) throw new Error(`"${name}" is not a constant of floats.`);
  return constant.data;
}

/** Replaces a constant input. The old constant keeps its values for other readers. */
function replaceConstant(graph: Graph, node: Node, input: number, data: Float32Array): void {
  const name = node.inputs[input];
  const constant = graph.constants.get(name);
  if (!constant) throw new Error(`"${name}" is not a constant.`);
  const isShared = graph.nodes.some((other) => other !== node && other.inputs.includes(name));
  const replaced = { ...constant, data };
  if (isShared) node.inputs[input] = graph.addConstant(name, replaced);
  else graph.constants.set(name, replaced);
}
