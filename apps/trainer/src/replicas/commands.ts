import type { Communicator } from '@unitsphere/collectives';

const COMMANDS = [
  'train',
  'embed',
  'checkpointFiles',
  'checkpointWritten',
  'restore',
  'sharePretrained',
  'grow',
  'setCenters',
  'stop',
] as const;

/** What rank 0 has all replicas do: a method of theirs, or to end. */
export interface Command {
  name: (typeof COMMANDS)[number];
  /** The step, for those that have one. */
  step?: number;
  /** How many images. */
  count?: number;
}

/** Rank 0 tells the other ranks what comes next. */
export function tell(communicator: Communicator, { name, step = 0, count = 0 }: Command): void {
  communicator.broadcast(Float64Array.of(COMMANDS.indexOf(name), step, count));
}

/** What rank 0 tells; the rank sleeps until it does. */
export function hear(communicator: Communicator): Required<Command> {
  const words = new Float64Array(3);
  communicator.broadcast(words);
  const [name, step, count] = words as unknown as [number, number, number];
  return { name: COMMANDS[name], step, count };
}
