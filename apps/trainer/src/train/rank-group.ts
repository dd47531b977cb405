import { CollectiveAbortedError } from '@unitsphere/collectives';
import type { RankGroup } from '../replicas/rank-replicas.js';
import { UserError } from '../user-error.js';

export type { RankGroup };

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

/** Describes the processes in one phrase: "4 processes on 2 hosts" or "4 processes of 8 replicas on 2 hosts". */
export function describeRanks({ size, hosts }: RankGroup, replicas = size): string {
  const count = new Set(hosts).size;
  const each = replicas > size ? ` of ${replicas / size} replicas` : '';
  return `${size} processes${each} on ${count} ${count === 1 ? 'host' : 'hosts'}`;
}

/** Converts the error of a group that another process has ended to a {@link UserError}; returns others unchanged. */
export function toRankError(error: unknown): unknown {
  if (!(error instanceof CollectiveAbortedError)) return error;
  return new UserError(`another process has ended the training: ${error.reason}`, { cause: error });
}
