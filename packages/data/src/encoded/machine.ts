import { availableParallelism, totalmem } from 'node:os';

const MOST = 4 * 2 ** 30;

/** Returns the default limit of decoded images in memory: half of the machine's or container's memory, at most 4 GiB. */
export function defaultMemory(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  const total = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.min(MOST, Math.floor(total / 2));
}

/** Returns the number of images to read and decode at once. */
export function concurrentReads(): number {
  return availableParallelism() + 2;
}
