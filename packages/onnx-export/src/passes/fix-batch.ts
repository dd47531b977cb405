import type { Graph, Shape } from '../graph/graph.js';

const ROWS = /^batch(?:\*(\d+))?$/;

/** Replaces the dynamic batch by a number, for runtimes that require the shape of every value. */
export function fixBatch(graph: Graph, batch: number): void {
  const fix = (shape: Shape) =>
    shape.map((side) => {
      const rows = ROWS.exec(String(side));
      return rows ? batch * Number(rows[1] ?? 1) : side;
    });
  for (const [name, { type, shape }] of graph.values) graph.values.set(name, { type, shape: fix(shape) });
  for (const node of graph.nodes) {
    if (node.op !== 'Reshape') continue;
    const sides = graph.typeOf(node.outputs[0]).shape as number[];
    const data = BigInt64Array.from(sides.map(BigInt));
    node.inputs[1] = graph.addConstant('integers', { type: 'int64', shape: [sides.length], data });
  }
}
