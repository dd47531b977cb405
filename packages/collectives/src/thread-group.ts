import { CollectiveError } from './errors.js';
import { Rendezvous } from './rendezvous.js';

/** Memory that the threads of a group share. Plain data: post it to each worker, as it is. */
export interface ThreadGroup {
  /** Number of ranks. */
  readonly size: number;
  /** Bytes of each rank's window; a rank has two, used in turn. */
  readonly windowBytes: number;
  /** Where ranks wait for one another and say what they call. */
  readonly control: SharedArrayBuffer;
  /** The windows through which data passes. */
  readonly windows: SharedArrayBuffer;
}

/** How a group is made. */
export interface ThreadGroupOptions {
  /**
   * Bytes of the window through which a rank shows its data to the others. What is larger passes in pieces, so this bounds
   * the memory (2 · size windows), not the messages. Default 1 MiB: pieces stay near a core's cache, and ranks seldom
   * have to wait for one another.
   */
  windowBytes?: number;
}

const WINDOW_BYTES = 2 ** 20;

/**
 * Makes the shared memory of a group; each thread then makes its `ThreadCommunicator` of it.
 * @throws RangeError for a size below 1 or windows too small for it; CollectiveError where there is no shared memory.
 */
export function createThreadGroup(
  size: number,
  { windowBytes = WINDOW_BYTES }: ThreadGroupOptions = {},
): ThreadGroup {
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`createThreadGroup: the size must be an integer from 1, not ${size}.`);
  }
  if (!Number.isInteger(windowBytes) || windowBytes % 8 !== 0 || windowBytes < 8 * size) {
    throw new RangeError(
      `createThreadGroup: windowBytes must be a multiple of 8 and at least 8 a rank (${8 * size}), not ${windowBytes}.`,
    );
  }
  if (typeof SharedArrayBuffer === 'undefined') {
    throw new CollectiveError(
      'There is no SharedArrayBuffer here. A browser has it in pages served with the headers ' +
        'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.',
    );
  }
  return {
    size,
    windowBytes,
    control: new SharedArrayBuffer(Rendezvous.bytes(size)),
    windows: new SharedArrayBuffer(2 * size * windowBytes),
  };
}

/** `Communicator.abort` for who is not a rank, such as the thread that watches over the others. */
export function abortThreadGroup({ control, size }: ThreadGroup, reason: unknown): void {
  new Rendezvous(control, size).abort(reason);
}
