import { checkRoot } from './check-root.js';
import type { Communicator, NumericArray } from './communicator.js';
import { CollectiveAbortedError } from './errors.js';
import { partOffsets } from './parts.js';
import { reasonText } from './reason-text.js';

/** Returns the communicator of a group of one rank, whose calls return at once. */
export function soloCommunicator(): Communicator {
  let aborted: string | undefined;
  const check = () => {
    if (aborted !== undefined) throw new CollectiveAbortedError(aborted);
  };
  return {
    rank: 0,
    size: 1,
    barrier: check,
    broadcast(_data, root = 0) {
      checkRoot('broadcast', root, 1);
      check();
    },
    allReduce: check,
    allGather<T extends NumericArray>(data: T): T {
      check();
      return data.slice() as T;
    },
    gather<T extends NumericArray>(data: T, root = 0): T {
      checkRoot('gather', root, 1);
      check();
      return data.slice() as T;
    },
    reduceScatter(data, counts = [data.length]) {
      partOffsets(counts, 1, data.length);
      check();
      return data.slice();
    },
    abort(reason) {
      aborted ??= reasonText(reason);
    },
  };
}
