import { type Communicator, withReplicas } from '@unitsphere/collectives';
import type { MpiCommunicator, ProcessCommunicator } from '@unitsphere/mpi';
import type { Config } from '../config/config.js';
import type { FollowerStart } from './follow.js';
import { rangeOfRank } from './range-of-rank.js';
import { RankBatches } from './rank-batches.js';
import { countThreads } from './replica-count.js';
import { SharedBatch, teacherArrays } from './shared-batch.js';

/** The group of processes that an MPI launcher has started: a communicator that knows their hosts. */
export type RankGroup = ProcessCommunicator &
  Pick<MpiCommunicator, 'hosts' | 'localSize' | 'version' | 'close'>;

/** What the replicas of a process need. */
export interface RankReplicasStart extends Omit<FollowerStart, 'batch' | 'process'> {
  /** The module that the threads run. Default: the built one beside this module. */
  file?: URL | string;
}

/** Returns the positions of a process's part of every batch: the parts of its replicas. */
export function partOfProcess(config: Config, { rank, size }: Communicator): [from: number, to: number] {
  const { batchSize } = config.training;
  const threads = countThreads(config.training);
  const rangeOf = (thread: number) => rangeOfRank(batchSize, rank * threads + thread, size * threads);
  return [rangeOf(0)[0], rangeOf(threads - 1)[1]];
}

/**
 * Starts the other replicas of a process, runs `work` on its first one, and ends them. All processes of the group call it.
 * @throws ReplicaError if another replica fails; whatever `work` throws.
 */
export async function withRankReplicas<T>(
  ranks: RankGroup,
  start: RankReplicasStart,
  work: (communicator: Communicator, batches: RankBatches) => Promise<T>,
): Promise<T> {
  const { file = new URL('./replica.js', import.meta.url), ...data } = start;
  const { config, teacherWidth } = data;
  const { batchSize } = config.training;
  const { imageSize } = config.data;
  const size = countThreads(config.training);
  const [first, end] = partOfProcess(config, ranks);
  const own = SharedBatch.create(end - first, imageSize, {
    teacher: teacherArrays(config, teacherWidth),
    labels: batchSize,
  });
  const follower: FollowerStart = {
    ...data,
    batch: own.memory,
    process: {
      process: ranks.rank,
      processes: ranks.size,
      first,
      name: `process ${ranks.rank} on ${ranks.hosts[ranks.rank]}`,
    },
  };
  const { HybridCommunicator } = await import('@unitsphere/mpi');
  return withReplicas({ size, file, data: () => follower }, (threads) =>
    work(
      size === 1 ? ranks : new HybridCommunicator(threads, ranks),
      new RankBatches(batchSize, imageSize, { own, first, threads }),
    ),
  );
}
