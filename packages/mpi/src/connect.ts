import { availableParallelism, hostname } from 'node:os';
import { MpiError } from './errors.js';
import { findLauncher } from './launcher.js';
import { bindFunctions } from './library/functions.js';
import { openLibrary } from './library/open-library.js';
import { MpiCommunicator } from './mpi-communicator.js';

/** Options of {@link connectMpi}. */
export interface MpiOptions {
  /**
   * Path or name of the MPI library. Default: `UNITSPHERE_MPI_LIBRARY`, then the usual names, then the folders of `mpicc`.
   */
  library?: string;
  /**
   * Seconds after which a rank that waits for the others ends the group. Default: the environment variable
   * `UNITSPHERE_MPI_TIMEOUT`, or else 600.
   */
  timeoutSeconds?: number;
}

// Ranks do not sleep at first, because sleep is longer than a short exchange.
const SPINS = { spinMs: 2, meetMs: 0.2 };
const SHARED_CORE_SPINS = { spinMs: 0.02, meetMs: 0.02 };

/**
 * Joins the group of processes that `mpirun`, `mpiexec` or `srun` started. Every process must call it once, on its main
 * thread. Without a launcher the group has one rank.
 * @throws MpiError if koffi or an MPI library is missing, or the library is not the launcher's; RangeError for an invalid
 *   timeout.
 */
export async function connectMpi({
  library,
  timeoutSeconds = Number(process.env['UNITSPHERE_MPI_TIMEOUT'] ?? 600),
}: MpiOptions = {}): Promise<MpiCommunicator> {
  if (!(timeoutSeconds > 0)) {
    throw new RangeError(
      `connectMpi: timeoutSeconds (UNITSPHERE_MPI_TIMEOUT) must be positive, not ${timeoutSeconds}.`,
    );
  }
  const launcher = findLauncher();
  const found = await openLibrary({ library, family: launcher?.family });
  const mpi = bindFunctions(found);
  if (mpi.isInitialized()) {
    throw new MpiError(
      'connectMpi: MPI is already running in this process. Pass on the communicator instead.',
    );
  }
  mpi.initialize();
  const size = mpi.size();
  if (launcher?.size !== undefined && launcher.size !== size) {
    throw new MpiError(
      `the launcher started ${launcher.size} processes, but ${found.version} (${found.path}) sees ${size}: it is not the launcher's library. Set UNITSPHERE_MPI_LIBRARY to that, or use the launcher of ${found.version}.`,
    );
  }
  return new MpiCommunicator(found, mpi, {
    host: hostname(),
    timeoutMs: 1000 * timeoutSeconds,
    spins: (ranks) => (ranks > availableParallelism() ? SHARED_CORE_SPINS : SPINS),
  });
}
