import type { Graph, Node } from '../graph/graph.js';

/** Merges (x + a) + b with constants a and b of one shape into x + (a + b). */
export function mergeSums(graph: Graph): void {
  const producers = graph.producers();
  const consumers = graph.consumers();
  const removed = new Set<Node>();
  for (const node of graph.nodes) {
    const before = producers.get(node.inputs[0]);
    if (node.op !== 'Add' || before?.op !== 'Add' || consumers.get(node.inputs[0])?.length !== 1) continue;
    const [a, b] = [before, node].map(({ inputs }) => graph.constants.get(inputs[1]));
    if (!a || !b || String(a.shape) !== String(b.shape)) continue;
    const data = Float32Array.from(a.data as Float32Array, (value, i) => value + (b.data as Float32Array)[i]);
    node.inputs = [before.inputs[0], graph.addConstant(node.inputs[1], { ...b, data })];
    removed.add(before);
  }
  graph.nodes = graph.nodes.filter((node) => !removed.has(node));
}
