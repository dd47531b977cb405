import type { Graph } from '../graph/graph.js';

/** Makes a Reshape of a Reshape read the first one's input, and removes a Reshape to the shape that its input has already. */
export function collapseReshapes(graph: Graph): void {
  const producers = graph.producers();
  for (const node of graph.nodes) {
    if (node.op !== 'Reshape') continue;
    for (let before = producers.get(node.inputs[0]); before?.op === 'Reshape'; ) {
      node.inputs[0] = before.inputs[0];
      before = producers.get(node.inputs[0]);
    }
    const [input] = node.inputs;
    const [output] = node.outputs;
    if (String(graph.typeOf(input).shape) !== String(graph.typeOf(output).shape)) continue;
    if (!graph.outputs.includes(output)) graph.redirect(output, input);
  }
}
