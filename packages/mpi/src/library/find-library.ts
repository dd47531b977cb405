import { execFileSync } from 'node:child_process';
import type { MpiFamily } from './abi.js';

// The names that the ABIs have had since Open MPI 2 and MPICH 3.1; Debian names MPICH's library after it.
const NAMES: Record<MpiFamily, Record<'linux' | 'darwin', readonly string[]>> = {
  openmpi: { linux: ['libmpi.so.40'], darwin: ['libmpi.40.dylib'] },
  mpich: { linux: ['libmpi.so.12', 'libmpich.so.12'], darwin: ['libmpi.12.dylib', 'libpmpi.12.dylib'] },
};

/** Where to look for an MPI library. */
export interface LibrarySearch {
  /** Path or name of the library; by default the environment variable `UNITSPHERE_MPI_LIBRARY`. Nothing else is tried. */
  library?: string;
  /** Family of the launcher, whose libraries come first. */
  family?: MpiFamily;
  env?: NodeJS.ProcessEnv;
  platform?: NodeJS.Platform;
  /** Returns the output of a program; undefined if it fails or does not exist. */
  run?: (program: string, args: readonly string[]) => string | undefined;
}

/**
 * Yields the names and paths under which an MPI library may be loaded, the most likely first: the given one alone, or the
 * usual names, then the same names in the folders that the compiler wrapper `mpicc` links with.
 */
export function* libraryCandidates({
  env = process.env,
  library = env['UNITSPHERE_MPI_LIBRARY'],
  family,
  platform = process.platform,
  run = runProgram,
}: LibrarySearch = {}): Generator<string> {
  if (library) {
    yield library;
    return;
  }
  const families: MpiFamily[] = family === 'mpich' ? ['mpich', 'openmpi'] : ['openmpi', 'mpich'];
  const names = families.flatMap((name) => NAMES[name][platform === 'darwin' ? 'darwin' : 'linux']);
  yield* names;
  for (const folder of wrapperFolders(run)) for (const name of names) yield `${folder}/${name}`;
}

/** Returns the folders of libraries that `mpicc` links with. Open MPI lists them; MPICH shows its command line. */
function wrapperFolders(run: (program: string, args: readonly string[]) => string | undefined): string[] {
  const listed = run('mpicc', ['--showme:libdirs']);
  if (listed !== undefined) return listed.split(/\s+/).filter(Boolean);
  const command = run('mpicc', ['-show']) ?? '';
  return [...command.matchAll(/(?:^|\s)-L\s*(\S+)/g)].map(([, folder]) => folder);
}

function runProgram(program: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 10_000,
    });
  } catch {
    return undefined;
  }
}
