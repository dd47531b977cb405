/** Base of what a collective call throws. */
export class CollectiveError extends Error {
  override name = 'CollectiveError';
}

/** The group was ended by `abort`: the message carries its reason. */
export class CollectiveAbortedError extends CollectiveError {
  override name = 'CollectiveAbortedError';

  /** @param reason What `abort` was told. */
  constructor(readonly reason: string) {
    super(`the group of replicas was ended: ${reason}`);
  }
}

/** The ranks did not make the same call; the message says what each of them called. Thrown on every rank. */
export class CollectiveMismatchError extends CollectiveError {
  override name = 'CollectiveMismatchError';
}
