import { ReplicaError } from '@unitsphere/collectives';
import { UserError } from '../user-error.js';

const NAME = 'CenterStoreError';

/** Converts an error of a center file, thrown on this thread or on a replica's, to a {@link UserError}; returns others unchanged. */
export function toCenterError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === NAME) return new UserError(error.message, { cause: error });
  // A replica's error arrives as text; the stack carries its class name.
  const { cause } = error;
  if (error instanceof ReplicaError && cause instanceof Error && cause.stack?.startsWith(`${NAME}:`)) {
    return new UserError(error.message, { cause: error });
  }
  return error;
}
