import type { TracedCall } from '../../trace/trace.js';
import type { NetworkBuilder } from '../network-builder.js';

/** Adds a traced call to a network, or merges it into the step before. */
export type Operation = (call: TracedCall, builder: NetworkBuilder) => void;

/** Operations by the names of their kernels. */
export type Operations = Readonly<Record<string, Operation>>;
