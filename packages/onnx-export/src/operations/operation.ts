import type { TracedCall } from '@unitsphere/inference';
import type { GraphBuilder } from '../graph/graph-builder.js';

/** Adds the nodes of a traced call to a graph and binds its output. */
export type Operation = (call: TracedCall, builder: GraphBuilder) => void;

/** Operations by the names of their kernels. */
export type Operations = Readonly<Record<string, Operation>>;
