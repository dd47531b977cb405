import type { Communicator } from '@unitsphere/collectives';
import { broadcastBytes } from './broadcast-files.js';

/** Returns rank 0's value on every rank: plain data. Collective; only rank 0 passes it. */
export function broadcastJson<T>(communicator: Communicator, value?: T): T {
  const bytes = communicator.rank === 0 ? new TextEncoder().encode(JSON.stringify(value)) : undefined;
  return JSON.parse(new TextDecoder().decode(broadcastBytes(communicator, bytes)));
}
