import type { Communicator } from '@unitsphere/collectives';

const COMMANDS = [
  'train',
  'embed',
  'embedUnscaled',
  'checkpointFiles',
  'checkpointWritten',
  'restore',
  'sharePretrained',
  'grow',
  'setCenters',
  'stop',
] as const;

/** A command from rank 0 to all replicas: the method to call, or `stop`. */
export interface Command {
  name: (typeof COMMANDS)[number];
  /** The step, for commands that need it. */
  step?: number;
  /** Number of images, for commands that need it. */
  count?: number;
}

/** Sends a command from rank 0 to the other ranks. */
export function tell(communicator: Communicator, { name, step = 0, count = 0 }: Command): void {
  communicator.broadcast(Float64Array.of(COMMANDS.indexOf(name), step, count));
}

/** Receives rank 0's next command; the thread sleeps until it arrives. */
export function hear(communicator: Communicator): Required<Command> {
  const words = new Float64Array(3);
  communicator.broadcast(words);
  const [name, step, count] = words as unknown as [number, number, number];
  return { name: COMMANDS[name], step, count };
}
