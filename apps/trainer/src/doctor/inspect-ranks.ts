import type { RankGroup } from '../train/rank-group.js';

/** What `doctor --mpi` finds. */
export interface RankInspection {
  /** Name and version of the MPI library. */
  library: string;
  /** Number of processes. */
  processes: number;
  /** Number of processes of each host, in order of their ranks. */
  hosts: { name: string; processes: number }[];
  /** Median time in which all processes meet, in microseconds. */
  barrierMicroseconds: number;
  /** Median times of an all-reduce of float32 values. */
  allReduce: { bytes: number; microseconds: number }[];
}

const SIZES = [2 ** 10, 2 ** 16, 2 ** 20, 2 ** 24];
/** Calls of each size, of which the first few are not counted. */
const CALLS = 12;
const WARM_UP = 2;

/** Measures how fast the processes of a group exchange data. Collective: all of them call it. */
export function inspectRanks(ranks: RankGroup): RankInspection {
  const counts = new Map<string, number>();
  for (const host of ranks.hosts) counts.set(host, (counts.get(host) ?? 0) + 1);
  return {
    library: ranks.version,
    processes: ranks.size,
    hosts: [...counts].map(([name, processes]) => ({ name, processes })),
    barrierMicroseconds: medianTime(() => ranks.barrier()),
    allReduce: SIZES.map((bytes) => {
      const data = new Float32Array(bytes / 4);
      return { bytes, microseconds: medianTime(() => ranks.allReduce(data)) };
    }),
  };
}

function medianTime(call: () => void): number {
  const times = Array.from({ length: CALLS }, () => {
    const begun = performance.now();
    call();
    return 1000 * (performance.now() - begun);
  }).slice(WARM_UP);
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
}
