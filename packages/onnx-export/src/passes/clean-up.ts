import type { Constant, Graph } from '../graph/graph.js';

/** Removes nodes and constants that no output requires, and keeps one of several equal constants. */
export function cleanUp(graph: Graph): void {
  removeUnusedNodes(graph);
  shareConstants(graph);
  const used = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
  for (const name of graph.constants.keys()) if (!used.has(name)) graph.constants.delete(name);
  const computed = new Set([...graph.inputs, ...graph.nodes.flatMap(({ outputs }) => outputs)]);
  for (const name of graph.values.keys()) if (!computed.has(name)) graph.values.delete(name);
}

function removeUnusedNodes(graph: Graph): void {
  const required = new Set(graph.outputs);
  graph.nodes = graph.nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((output) => required.has(output))) return false;
      for (const input of node.inputs) required.add(input);
      return true;
    })
    .reverse();
}

function shareConstants(graph: Graph): void {
  const groups = new Map<string, [name: string, constant: Constant][]>();
  const shared = new Map<string, string>();
  for (const [name, constant] of graph.constants) {
    const key = `${constant.type} [${constant.shape}] ${hash(constant)}`;
    const group = groups.get(key) ?? [];
    const same = group.find(([, other]) => isSame(other, constant));
    if (same) shared.set(name, same[0]);
    else groups.set(key, [...group, [name, constant]]);
  }
  for (const node of graph.nodes) node.inputs = node.inputs.map((input) => shared.get(input) ?? input);
}

/** FNV-1a of at most 64 values across the constant; equal constants are then compared completely. */
function hash({ data }: Constant): number {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const step = Math.max(1, Math.floor(bytes.length / 256));
  let state = 2166136261;
  for (let i = 0; i < bytes.length; i += step) state = Math.imul(state ^ bytes[i], 16777619);
  return state >>> 0;
}

function isSame(a: Constant, b: Constant): boolean {
  // Bit patterns, so that 0 and −0 differ.
  const [x, y] = [a, b].map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return x.length === y.length && x.every((value, i) => value === y[i]);
}
