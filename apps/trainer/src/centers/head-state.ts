import type { Communicator } from '@unitsphere/collectives';
import type { StateDict } from '@unitsphere/core';
import type { PartialFC } from '@unitsphere/partial-fc';
import { UserError } from '../user-error.js';

// What a store in a file says of itself: two numbers a rank, in place of its rows.
const FILE_STATE = ['generation', 'file_id'];

/**
 * The head's whole state on rank 0, undefined on the others: the same for any number of ranks, but for centers in files,
 * of which each rank has one. All ranks call it together.
 */
export async function gatherHeadState(
  head: PartialFC,
  communicator: Communicator,
): Promise<StateDict | undefined> {
  const whole: StateDict = new Map();
  for (const [name, tensor] of await head.stateDict()) {
    if (name === 'learning_rates' || name.startsWith('loss.')) {
      whole.set(name, tensor);
    } else if (name === 'head') {
      whole.set(name, { ...tensor, data: headOf(head, 0, head.classes, head.stepCount) });
    } else {
      const data = communicator.gather(tensor.data as Float32Array | Int32Array);
      const shape = FILE_STATE.includes(name)
        ? [communicator.size, ...tensor.shape]
        : [head.classes, ...tensor.shape.slice(1)];
      if (data) whole.set(name, { ...tensor, shape, data });
    }
  }
  return communicator.rank === 0 ? whole : undefined;
}

/**
 * Puts a head's state back from the whole.
 * @throws UserError where centers in files are of another number of ranks; what the head throws.
 */
export async function restoreHead(
  head: PartialFC,
  whole: StateDict,
  { rank, size }: Communicator,
): Promise<void> {
  const generation = whole.get('generation');
  if (!generation) return head.loadStateDict(whole);
  checkFileRanks(generation.shape[0], size);
  const own: StateDict = new Map([...whole, ...fileState(whole, rank)]);
  const [, , , step] = whole.get('head')!.data as Int32Array;
  const { firstClass, rows } = head.store.spec;
  own.set('head', { ...whole.get('head')!, data: headOf(head, firstClass, rows, step) });
  return head.loadStateDict(own);
}

/** What the store of a rank's file needs of the whole to open the right generation. */
export function fileState(whole: StateDict, rank: number): StateDict {
  return new Map(
    FILE_STATE.map((name) => {
      const { dtype, data } = whole.get(name)!;
      return [name, { dtype, shape: [2], data: (data as Int32Array).slice(2 * rank, 2 * rank + 2) }];
    }),
  );
}

/** @throws UserError where a run's centers lie in files of another number of replicas than are to go on with it. */
export function checkFileRanks(files: number, replicas: number): void {
  if (files === replicas) return;
  throw new UserError(
    `the run's class centers lie in ${files} file${files === 1 ? '' : 's'}, one a replica; it cannot go on with ${replicas} replica${replicas === 1 ? '' : 's'}`,
    { hint: `Go on with as many as it had: --set training.replicas=${files}` },
  );
}

/** As a head says of itself: how many classes there are, its first, how many it has, steps. */
const headOf = ({ classes }: PartialFC, first: number, rows: number, step: number) =>
  Int32Array.of(classes, first, rows, step);
