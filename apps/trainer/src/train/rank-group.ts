import { CollectiveAbortedError, type Communicator } from '@unitsphere/collectives';
import type { MpiCommunicator } from '@unitsphere/mpi';
import { UserError } from '../user-error.js';

/** The group of processes that an MPI launcher has started: a communicator that knows their hosts. */
export type RankGroup = Communicator & Pick<MpiCommunicator, 'hosts' | 'localSize' | 'version' | 'close'>;

/**
 * Joins the group of processes of `mpirun`, `mpiexec` or `srun`. Returns undefined without a launcher, or with one process.
 * @throws UserError if MPI or koffi is missing, or MPI cannot start.
 */
export async function connectRanks(): Promise<RankGroup | undefined> {
  const { connectMpi, findLauncher, MpiError } = await import('@unitsphere/mpi');
  const launcher = findLauncher();
  if (!launcher || launcher.size === 1) return undefined;
  try {
    const ranks = await connectMpi();
    if (ranks.size > 1) return ranks;
    ranks.close();
    return undefined;
  } catch (error) {
    if (error instanceof MpiError || error instanceof RangeError) {
      throw new UserError(error.message, { cause: error });
    }
    throw error;
  }
}

/** Describes the processes in one phrase: "4 processes on 2 hosts". */
export function describeRanks({ size, hosts }: RankGroup): string {
  const count = new Set(hosts).size;
  return `${size} processes on ${count} ${count === 1 ? 'host' : 'hosts'}`;
}

/** Converts the error of a group that another process has ended to a {@link UserError}; returns others unchanged. */
export function toRankError(error: unknown): unknown {
  if (!(error instanceof CollectiveAbortedError)) return error;
  return new UserError(`another process has ended the training: ${error.reason}`, { cause: error });
}
