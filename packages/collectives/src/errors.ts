/** Base class of the errors that collective calls throw. */
export class CollectiveError extends Error {
  override name = 'CollectiveError';
  /** Stable name of the error, for programs. */
  readonly code: string = 'COLLECTIVE_FAILED';
}

/** The group was ended by `abort`. The message contains the reason. */
export class CollectiveAbortedError extends CollectiveError {
  override name = 'CollectiveAbortedError';
  /** Stable name of the error, for programs. */
  override readonly code = 'COLLECTIVE_ABORTED';

  /** @param reason Text of the reason that `abort` was called with. */
  constructor(readonly reason: string) {
    super(`the group of replicas was aborted: ${reason}`);
  }
}

/** The ranks made different calls. The message says what each rank called. Thrown on every rank. */
export class CollectiveMismatchError extends CollectiveError {
  override name = 'CollectiveMismatchError';
  /** Stable name of the error, for programs. */
  override readonly code = 'COLLECTIVE_MISMATCH';
}
