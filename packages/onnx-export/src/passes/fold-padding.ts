import type { Graph, Node } from '../graph/graph.js';

/** Merges zero padding of height and width into the convolutions that read it. */
export function foldPadding(graph: Graph): void {
  const producers = graph.producers();
  for (const node of graph.nodes) {
    const pad = producers.get(node.inputs[0]);
    if (node.op !== 'Conv' || pad?.op !== 'Pad') continue;
    const amounts = constantNumbers(graph, pad, 1);
    const [value] = constantNumbers(graph, pad, 2);
    // [batch, channels, top, left] before, then after.
    const [n0, c0, top, left, n1, c1, bottom, right] = amounts;
    if (value !== 0 || n0 || c0 || n1 || c1) continue;
    const { pads } = node.attributes as { pads: { ints: readonly number[] } };
    const sum = [top, left, bottom, right].map((amount, side) => amount + pads.ints[side]);
    node.attributes = { ...node.attributes, pads: { ints: sum } };
    node.inputs[0] = pad.inputs[0];
  }
}

function constantNumbers(graph: Graph, node: Node, input: number): number[] {
  const constant = graph.constants.get(node.inputs[input]);
  return constant ? Array.from(constant.data as ArrayLike<number | bigint>, Number) : [];
}
