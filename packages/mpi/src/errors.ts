import { CollectiveError } from '@unitsphere/collectives';

/** MPI or its binding is missing, was started in the wrong way, or reported an error. */
export class MpiError extends CollectiveError {
  override name = 'MpiError';
  /** Stable name of the error, for programs. */
  override readonly code: string = 'MPI_FAILED';
}
