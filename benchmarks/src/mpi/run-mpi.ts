import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeMachine, type Machine } from '../measure/machine.js';
import { resolveRepositoryFile } from '../measure/repository-file.js';
import { pairedRatio, type Summary, summarize } from '../measure/statistics.js';
import { launch, launcherVersion, type MpiLibrary, start } from './launch.js';

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
  library: MpiLibrary;
  version: string;
  ranks: number;
  sizes: MpiSize[];
}

/** Options of {@link runMpi}. */
export interface MpiBenchOptions {
  library: MpiLibrary;
  ranks: number;
  rounds: number;
}

const KIB = 2 ** 10;
const SIZES = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536].map((size) => size * KIB);

/** The program that {@link runMpi} starts on every rank. */
export const ALL_REDUCE_PROGRAM = fileURLToPath(new URL('./time-all-reduce.js', import.meta.url));

/**
 * Times the all-reduce of `MpiCommunicator` beside a loop in C with the same library, in turns.
 * @throws Error if the library or its compiler is not installed, or a program fails.
 */
export async function runMpi({ library, ranks, rounds }: MpiBenchOptions): Promise<MpiReport> {
  const folder = await mkdtemp(join(tmpdir(), 'unitsphere-mpi-'));
  try {
    const loop = join(folder, 'all-reduce.so');
    await compileAllReduce(library, loop);
    const command = [process.execPath, ALL_REDUCE_PROGRAM, loop, rounds, ...SIZES].map(String);
    const turns = readTurns(await launch(library, ranks, command));
    return {
      benchmark: 'mpi',
      date: new Date().toISOString(),
      machine: describeMachine(),
      library,
      version: await launcherVersion(library),
      ranks,
      sizes: SIZES.map((bytes) => {
        const own = turns.filter((turn) => turn.bytes === bytes);
        const ours = own.map((turn) => turn.ours);
        const theirs = own.map((turn) => turn.theirs);
        return {
          bytes,
          ours: summarize(ours),
          library: summarize(theirs),
          ratio: pairedRatio(theirs, ours),
        };
      }),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Compiles the loop in C to a library at `file`. */
export async function compileAllReduce(library: MpiLibrary, file: string): Promise<void> {
  const source = resolveRepositoryFile('benchmarks/src/mpi/all-reduce.c');
  await start(`mpicc.${library}`, ['-O3', '-shared', '-fPIC', '-o', file, source]);
}

/** Reads what {@link ALL_REDUCE_PROGRAM} prints: the mean microseconds of a call in every turn. */
export function readTurns(text: string): { bytes: number; ours: number; theirs: number }[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [bytes, ours, theirs] = line.split(' ').map(Number) as [number, number, number];
      return { bytes, ours, theirs };
    });
}
