import { CollectiveError } from './errors.js';
import { Rendezvous } from './rendezvous.js';

/** Memory that the threads of a group share. Plain data that can be posted to each worker. */
export interface ThreadGroup {
  /** Number of ranks. */
  readonly size: number;
  /** Size of a window in bytes. Each rank has two, used in turn. */
  readonly windowBytes: number;
  /** Memory in which ranks wait for one another and describe their calls. */
  readonly control: SharedArrayBuffer;
  /** Memory of the windows through which data passes. */
  readonly windows: SharedArrayBuffer;
}

/** Options of {@link createThreadGroup}. */
export interface ThreadGroupOptions {
  /**
   * Size in bytes of the window through which a rank shows its data to the others. Larger data passes in pieces, so this
   * bounds the memory (2 · size windows) but not the data. Default 1 MiB, which keeps pieces near a core's cache and waits
   * rare.
   */
  windowBytes?: number;
}

const WINDOW_BYTES = 2 ** 20;

/**
 * Creates the shared memory of a group. Each thread then creates a `ThreadCommunicator` with it.
 * @throws RangeError for a size below 1 or too small windows; CollectiveError if shared memory is not available.
 */
export function createThreadGroup(
  size: number,
  { windowBytes = WINDOW_BYTES }: ThreadGroupOptions = {},
): ThreadGroup {
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`createThreadGroup: the size must be a positive integer, not ${size}.`);
  }
  if (!Number.isInteger(windowBytes) || windowBytes % 8 !== 0 || windowBytes < 8 * size) {
    throw new RangeError(
      `createThreadGroup: windowBytes must be a multiple of 8 and at least 8 per rank (${8 * size}), not ${windowBytes}.`,
    );
  }
  if (typeof SharedArrayBuffer === 'undefined') {
    throw new CollectiveError(
      'createThreadGroup: SharedArrayBuffer is not available. In a browser, serve the page with the headers ' +
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

/** Ends a group like `Communicator.abort`, for a thread that is not a rank. */
export function abortThreadGroup({ control, size }: ThreadGroup, reason: unknown): void {
  new Rendezvous(control, size).abort(reason);
}
