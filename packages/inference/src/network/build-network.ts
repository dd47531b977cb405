import { UnsupportedNetworkError } from '../errors.js';
import type { Trace } from '../trace/trace.js';
import { NetworkBuilder } from './network-builder.js';
import { arithmetic } from './operations/arithmetic.js';
import { convolutions } from './operations/convolution.js';
import { norms } from './operations/norms.js';
import type { Operations } from './operations/operation.js';
import { poolings } from './operations/pooling.js';
import { shapes } from './operations/shape.js';
import type { Network } from './step.js';

const operations: Operations = { ...arithmetic, ...convolutions, ...norms, ...poolings, ...shapes };

/**
 * Builds the network of a trace: batch norms are folded into the convolution or linear layer before, and biases, sums and
 * activations are applied while the values are in cache.
 * @throws UnsupportedNetworkError if the network has an operation that cannot be compiled; the message has its name.
 */
export function buildNetwork(trace: Trace): Network {
  const builder = new NetworkBuilder(trace);
  for (const call of trace.calls) {
    if (!Object.hasOwn(operations, call.kernel)) {
      throw new UnsupportedNetworkError(`${call.kernel} cannot be compiled.`);
    }
    operations[call.kernel](call, builder);
  }
  const { steps } = builder;
  return { steps, input: builder.valueOf(trace.input), output: builder.valueOf(trace.output) };
}
