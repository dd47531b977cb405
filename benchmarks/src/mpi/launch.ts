import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Suffix of the launcher and the compiler of an MPI library, as Debian names them. */
export type MpiLibrary = 'openmpi' | 'mpich';

const run = promisify(execFile);

/** Runs a program on processes of this machine, and returns what it printed. */
export function launch(library: MpiLibrary, ranks: number, command: readonly string[]): Promise<string> {
  const options =
    library === 'openmpi' ? ['--allow-run-as-root', '--oversubscribe', '--bind-to', 'none'] : [];
  return start(`mpirun.${library}`, [...options, '-n', String(ranks), ...command]);
}

/** Returns the version of the launcher. */
export async function launcherVersion(library: MpiLibrary): Promise<string> {
  return (await start(`mpirun.${library}`, ['--version'])).match(/\d+\.\d+\.\d+/)?.[0] ?? 'unknown';
}

/** Runs a program of the library and returns what it printed. @throws Error that says how to install it. */
export async function start(command: string, args: readonly string[]): Promise<string> {
  try {
    const env = {
      ...process.env,
      ...(command.endsWith('mpich') && { UNITSPHERE_MPI_LIBRARY: 'libmpich.so.12' }),
    };
    return (await run(command, args, { env, maxBuffer: 2 ** 26 })).stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(`${command} is not installed. Run: tools/workspace/install-mpi.sh`, { cause: error });
  }
}
