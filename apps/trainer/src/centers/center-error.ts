import { ReplicaError } from '@unitsphere/collectives';
import { UserError } from '../user-error.js';

const NAME = 'CenterStoreError';

/** What to throw for an error of class centers in a file, on this thread or a replica's: a {@link UserError}; others as they are. */
export function centerError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === NAME) return new UserError(error.message, { cause: error });
  // Of a replica's error its stack tells the name.
  const { cause } = error;
  if (error instanceof ReplicaError && cause instanceof Error && cause.stack?.startsWith(`${NAME}:`)) {
    return new UserError(error.message, { cause: error });
  }
  return error;
}
