import type { Graph, Node } from '../graph/graph.js';

/** Operators with parameters: their outputs are named as the layer in the state dict. */
const LAYERS = new Set([
  'Conv',
  'Gemm',
  'MatMul',
  'BatchNormalization',
  'LayerNormalization',
  'PRelu',
  'Add',
]);
const PARAMETER = /^((?:backbone|neck|head)(?:\..+)?)\.[^.]+$/;

/**
 * Names every computed value after the layer that computes it: the layer's key in the state dict, such as `backbone.conv_stem`, or
 * the layer before with the operator, such as `backbone.conv_stem/HardSwish`. The names of inputs and outputs stay.
 * @returns The new name of each value.
 */
export function nameValues(graph: Graph): Map<string, string> {
  const names = new Map<string, string>();
  const scopes = new Map(graph.inputs.map((input) => [input, input] as const));
  const used = new Set([...graph.inputs, ...graph.outputs, ...graph.constants.keys()]);
  for (const node of graph.nodes) {
    const layer = layerOf(graph, node);
    const before = node.inputs.map((input) => scopes.get(input)).find((scope) => scope !== undefined);
    const scope = layer ?? before ?? node.op;
    const name = layer !== undefined && layer !== before ? layer : `${scope}/${node.op}`;
    for (const output of node.outputs) {
      scopes.set(output, scope);
      if (!graph.outputs.includes(output)) names.set(output, makeUnique(name, used));
    }
  }
  const rename = (name: string) => names.get(name) ?? name;
  for (const node of graph.nodes) {
    node.inputs = node.inputs.map(rename);
    node.outputs = node.outputs.map(rename);
  }
  const types = [...graph.values].map(([name, type]) => [rename(name), type] as const);
  graph.values.clear();
  for (const [name, type] of types) graph.values.set(name, type);
  return names;
}

/** Returns the key of the layer whose parameter a node reads. */
function layerOf(graph: Graph, { op, inputs }: Node): string | undefined {
  const parameter = LAYERS.has(op) ? inputs.find((input) => graph.constants.has(input)) : undefined;
  return parameter === undefined ? undefined : PARAMETER.exec(parameter)?.[1];
}

function makeUnique(name: string, used: Set<string>): string {
  let unique = name;
  for (let i = 2; used.has(unique); i++) unique = `${name}_${i}`;
  used.add(unique);
  return unique;
}
