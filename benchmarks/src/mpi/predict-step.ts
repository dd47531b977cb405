/** What a step of one host costs, and its link to the others. */
export interface StepCosts {
  /** Milliseconds of a step without the exchange between hosts. */
  computeMs: number;
  /** Bytes of gradients and running statistics, which all hosts reduce. */
  gradientBytes: number;
  /** Images of each host. */
  images: number;
  /** Values of an embedding. */
  embeddingSize: number;
}

/** A link between hosts, the same in both directions. */
export interface Link {
  gigabits: number;
  /** Time of one small exchange between two hosts. */
  latencyMs: number;
}

// An Ethernet frame occupies 1538 bytes, and 1448 of them are data of TCP.
const PAYLOAD = 1448 / 1538;
// A call whose array is at most this large has one exchange: the array travels with the description of the call.
const INLINE_BYTES = 1024;
// Fraction of a step without a network in which the backward pass computes while gradients move.
const BACKWARD = 0.5;
// Calls of a step with a margin loss: the command, the counts of images, the labels, the embeddings, two of the softmax, the gradient of
// the embeddings, and that of the weights.
const CALLS = 8;

/**
 * Predicts the milliseconds of a training step on hosts that each train as many images. Every host has one process. The hosts
 * compute at the same time. Gradients move during the backward pass; all other times add up:
 * - Every exchange takes log₂(hosts) latencies. A call has one, and those of long arrays one or two more.
 * - The all-reduce sends 2 (hosts − 1) / hosts of the gradient from each host. What the backward pass does not hide is added.
 * - The class centers are divided among hosts, so each host receives all embeddings and sends back their gradients.
 */
export function predictStep(costs: StepCosts, { gigabits, latencyMs }: Link, hosts: number): number {
  const { computeMs, gradientBytes, images, embeddingSize } = costs;
  if (hosts === 1) return computeMs;
  const batch = images * hosts;
  const isLong = (bytes: number) => bytes > INLINE_BYTES;
  const exchanges =
    CALLS +
    // An all-reduce has two more exchanges, other calls one.
    2 * [gradientBytes, 4 * batch, 3 * 8 * batch].filter(isLong).length +
    [4 * images, 4 * images * embeddingSize, 4 * batch * embeddingSize].filter(isLong).length;
  const bytesPerMs = (gigabits * 1e6 * PAYLOAD) / 8;
  const gradientMs = (2 * gradientBytes * (hosts - 1)) / hosts / bytesPerMs;
  const exposedMs = Math.max(0, gradientMs - BACKWARD * computeMs);
  const embeddingMs = (2 * (hosts - 1) * images * embeddingSize * 4) / bytesPerMs;
  return computeMs + exchanges * Math.ceil(Math.log2(hosts)) * latencyMs + exposedMs + embeddingMs;
}

/** Returns the rate of a link that carries bytes of data in a time. */
export const gigabitsOf = (bytes: number, milliseconds: number): number =>
  (8 * bytes) / (milliseconds * 1e6 * PAYLOAD);
