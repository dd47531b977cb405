import type { MpiFamily } from './library/abi.js';

/** What a launcher (mpirun, mpiexec, srun) tells this process by environment variables. */
export interface Launcher {
  /** Family of MPI libraries that the launcher belongs to; undefined if it works with both, as srun with PMIx does. */
  family?: MpiFamily;
  /** Number of processes it started; undefined if it does not say. */
  size?: number;
  /** Rank of this process. */
  rank: number;
}

/** Returns the launcher that started this process; undefined if none did. It needs no MPI library. */
export function findLauncher(env: NodeJS.ProcessEnv = process.env): Launcher | undefined {
  if (env['OMPI_COMM_WORLD_RANK'] !== undefined) {
    return {
      family: 'openmpi',
      rank: Number(env['OMPI_COMM_WORLD_RANK']),
      size: numberOf(env['OMPI_COMM_WORLD_SIZE']),
    };
  }
  if (env['PMI_RANK'] !== undefined) {
    return { family: 'mpich', rank: Number(env['PMI_RANK']), size: numberOf(env['PMI_SIZE']) };
  }
  if (env['PMIX_RANK'] !== undefined) {
    return { rank: Number(env['PMIX_RANK']), size: numberOf(env['SLURM_STEP_NUM_TASKS']) };
  }
  return undefined;
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
