import type { Graph } from '../graph/graph.js';

/**
 * Names every computed value after the operator that computes it, such as `Conv_3`. Merged operators have other names before.
 * The names of inputs and outputs stay.
 * @returns The new name of each value.
 */
export function nameValues(graph: Graph): Map<string, string> {
  const names = new Map<string, string>();
  const counts = new Map<string, number>();
  const ends = new Set([...graph.inputs, ...graph.outputs]);
  for (const { op, outputs } of graph.nodes) {
    for (const output of outputs) {
      if (ends.has(output)) continue;
      const count = counts.get(op) ?? 0;
      counts.set(op, count + 1);
      names.set(output, `${op}_${count}`);
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
