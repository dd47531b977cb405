import { ReplicaError } from '@unitsphere/collectives';
import { CenterStoreError } from '@unitsphere/partial-fc';
import { UserError } from '../user-error.js';

/** Converts an error of a center file, thrown on this thread or on a replica's, to a {@link UserError}; returns others unchanged. */
export function toCenterError(error: unknown): unknown {
  if (error instanceof CenterStoreError) return new UserError(error.message, { cause: error });
  if (!(error instanceof ReplicaError)) return error;
  // A replica's error arrives as text; the stack carries its class name.
  const { cause } = error;
  if (cause instanceof Error && /^Center(Store|Files)Error:/.test(cause.stack ?? '')) {
    return new UserError(error.message, { cause: error });
  }
  return error;
}
