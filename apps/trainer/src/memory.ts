import { totalmem } from 'node:os';
import { formatBytes } from './format-bytes.js';

/** Memory of this machine, or of its container's limit, in bytes. */
export interface Memory {
  total: number;
  /** What processes can still take without swapping. */
  available: number;
}

/** Reads the memory of the machine. In a container with a limit, the limit counts. */
export function readMemory(): Memory {
  // Without a limit, some systems report 0 or more than the machine has.
  const limit = process.constrainedMemory() || totalmem();
  const total = Math.min(limit, totalmem());
  return { total, available: Math.min(process.availableMemory(), total) };
}

/** Describes the memory in words: "3.1 GB of 24.0 GB of memory are free". */
export function describeMemory({ total, available }: Memory = readMemory()): string {
  return `${formatBytes(available)} of ${formatBytes(total)} of memory are free`;
}
