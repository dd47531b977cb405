import { floatToHalf } from '@unitsphere/core/half';
import { OnnxExportError } from '../errors.js';
import type { Constant, Graph, Node } from '../graph/graph.js';

const LARGEST = 65504;
const DATA_TYPE = { float32: 1, float16: 10 } as const;

/**
 * Converts a graph to float16 between its normalized images and the scaling to unit length. The input, the pixels'
 * normalization, the scaling to unit length and the output stay float32: squares of float16 values overflow.
 * @param images Name of the normalized images.
 * @throws OnnxExportError with the name of a weight that float16 cannot represent.
 */
export function convertToFloat16(graph: Graph, images: string): void {
  const half = halfValues(graph, images);
  const constants = new Map<string, string>();
  const casts = new Map<string, string>();
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const isHalf = half.has(node.outputs[0]);
    node.inputs = node.inputs.map((input) => {
      const constant = graph.constants.get(input);
      if (constant)
        return isHalf && constant.type === 'float32' ? halfConstant(graph, input, constants) : input;
      if (!input || half.has(input) === isHalf || graph.typeOf(input).type !== 'float32') return input;
      return castOf(graph, input, isHalf ? 'float16' : 'float32', casts, nodes);
    });
    nodes.push(node);
  }
  for (const name of half) graph.values.set(name, { ...graph.typeOf(name), type: 'float16' });
  graph.nodes = nodes;
}

/** Returns the values between the images and the scaling to unit length, which begins with squares. */
function halfValues(graph: Graph, images: string): Set<string> {
  const half = new Set<string>();
  const after = new Set<string>();
  for (const { op, inputs, outputs } of graph.nodes) {
    const isSquare = op === 'Mul' && inputs[0] === inputs[1];
    const isAfter = isSquare || inputs.some((input) => after.has(input));
    const isBetween = inputs.some((input) => input === images || half.has(input));
    for (const output of outputs) {
      if (isAfter) after.add(output);
      else if (isBetween) half.add(output);
    }
  }
  return half;
}

function castOf(
  graph: Graph,
  name: string,
  type: keyof typeof DATA_TYPE,
  casts: Map<string, string>,
  nodes: Node[],
): string {
  const known = casts.get(name);
  if (known) return known;
  const { shape } = graph.typeOf(name);
  const to = { to: { int: DATA_TYPE[type] } };
  const node = graph.makeNode('Cast', [name], { type, shape }, to, `${name}/Cast`);
  nodes.push(node);
  casts.set(name, node.outputs[0]);
  return node.outputs[0];
}

function halfConstant(graph: Graph, name: string, constants: Map<string, string>): string {
  const known = constants.get(name);
  if (known) return known;
  const { shape, data } = graph.constants.get(name) as Constant;
  const bits = new Uint16Array(data.length);
  for (let i = 0; i < bits.length; i++) {
    const value = data[i] as number;
    if (Math.abs(value) > LARGEST) {
      throw new OnnxExportError(
        `"${name}" has the value ${value}, which float16 cannot represent. Export with the precision float32.`,
      );
    }
    bits[i] = floatToHalf(value);
  }
  const added = graph.addConstant(name, { type: 'float16', shape, data: bits });
  constants.set(name, added);
  return added;
}
