import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describeMachine, type Machine } from '../measure/machine.js';
import { resolveRepositoryFile } from '../measure/repository-file.js';
import { pairedRatio, type Summary, summarize } from '../measure/statistics.js';

/** Times of one size of arrays. */
export interface MpiSize {
  bytes: number;
  /** Microseconds of an all-reduce of `MpiCommunicator`. */
  ours: Summary;
  /** Microseconds of `MPI_Allreduce` in C. */
  library: Summary;
  /** Our bandwidth divided by that of the library in the same round. */
  ratio: Summary;
}

/** The report of `bench mpi`. */
export interface MpiReport {
  benchmark: 'mpi';
  date: string;
  machine: Machine;
  /** Suffix of the launcher: openmpi or mpich. */
  library: MpiBenchOptions['library'];
  version: string;
  ranks: number;
  sizes: MpiSize[];
}

/** Options of {@link runMpi}. */
export interface MpiBenchOptions {
  library: 'openmpi' | 'mpich';
  ranks: number;
  rounds: number;
}

const KIB = 2 ** 10;
const SIZES = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536].map((size) => size * KIB);
/** Bytes that a turn of each size reduces, which gives small sizes many iterations. */
const BYTES_A_TURN = 2 ** 26;

const run = promisify(execFile);

/**
 * Times the all-reduce of `MpiCommunicator` beside a loop in C with the same library, in turns.
 * @throws Error if the library or its compiler is not installed, or a program fails.
 */
export async function runMpi(
  { library, ranks, rounds }: MpiBenchOptions,
  log: (message: string) => void = () => undefined,
): Promise<MpiReport> {
  const folder = await mkdtemp(join(tmpdir(), 'unitsphere-mpi-'));
  try {
    const program = join(folder, 'all-reduce');
    const source = resolveRepositoryFile('benchmarks/src/mpi/all-reduce.c');
    await start(`mpicc.${library}`, ['-O3', '-o', program, source]);
    const own = fileURLToPath(new URL('./time-all-reduce.js', import.meta.url));
    const sizes = SIZES.flatMap((bytes) => [bytes, iterationsOf(bytes)]).map(String);
    const launcher = [
      ...(library === 'openmpi' ? ['--allow-run-as-root', '--oversubscribe', '--bind-to', 'none'] : []),
      ...['-n', String(ranks)],
    ];
    const measure = async (...command: string[]) => {
      const text = await start(`mpirun.${library}`, [...launcher, ...command, ...sizes]);
      return new Map(
        text
          .trim()
          .split('\n')
          .map((line) => line.split(' ').map(Number) as [number, number]),
      );
    };
    const turns: { ours: Map<number, number>; library: Map<number, number> }[] = [];
    for (let round = 1; round <= rounds; round++) {
      log(`round ${round} of ${rounds}`);
      turns.push({ library: await measure(program), ours: await measure(process.execPath, own) });
    }
    const timesOf = (who: 'ours' | 'library', bytes: number) =>
      turns.map((turn) => turn[who].get(bytes) ?? Number.NaN);
    return {
      benchmark: 'mpi',
      date: new Date().toISOString(),
      machine: describeMachine(),
      library,
      version: (await start(`mpirun.${library}`, ['--version'])).match(/\d+\.\d+\.\d+/)?.[0] ?? 'unknown',
      ranks,
      sizes: SIZES.map((bytes) => ({
        bytes,
        ours: summarize(timesOf('ours', bytes)),
        library: summarize(timesOf('library', bytes)),
        ratio: pairedRatio(timesOf('library', bytes), timesOf('ours', bytes)),
      })),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const iterationsOf = (bytes: number) => Math.min(200, Math.max(4, Math.round(BYTES_A_TURN / bytes)));

/** Runs a program and returns what it printed. @throws Error that says how to install it. */
async function start(command: string, args: string[]): Promise<string> {
  try {
    const env = {
      ...process.env,
      ...(command.endsWith('mpich') && { UNITSPHERE_MPI_LIBRARY: 'libmpich.so.12' }),
    };
    return (await run(command, args, { env })).stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(`${command} is not installed. Run: tools/workspace/install-mpi.sh`, { cause: error });
  }
}
