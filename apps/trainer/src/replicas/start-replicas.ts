import { availableParallelism } from 'node:os';
import { type Communicator, withReplicas } from '@unitsphere/collectives';
import { type CentersPlace, createStore } from '../centers/center-store.js';
import type { Config } from '../config/config.js';
import { UserError } from '../user-error.js';
import type { FollowerStart } from './follow.js';
import { checkKernelThreads } from './kernel-threads.js';
import { LeadReplica } from './lead-replica.js';
import { type RankGroup, withRankReplicas } from './rank-replicas.js';
import type { ReplicaBatches } from './replica-batches.js';
import { countRankReplicas, replicaCount } from './replica-count.js';
import { shareRankStart } from './share-start.js';
import { SharedBatch, teacherArrays } from './shared-batch.js';
import { threadsOf } from './threads-of.js';

/** Options of {@link startReplicas}. */
export interface ReplicasStart {
  config: Config;
  classCount: number;
  backend: string;
  /** The folder of the center files, for `store: file`. */
  centers?: CentersPlace;
  /** Width of the teacher's features, if the config distills. */
  teacherWidth?: number;
  /** The module that the threads run. Default: the built one beside this module. */
  file?: URL | string;
  /** A group of processes, which share the replicas. Without it, they are threads of this process. */
  ranks?: RankGroup;
}

/**
 * Returns a config's number of replicas: threads of this machine, or those of all processes of a group.
 * @throws UserError if the backend or the group does not support it.
 */
export function countReplicas({ training }: Config, backend: string, ranks?: Communicator): number {
  const { replicas: wanted, batchSize, accumulate } = training;
  if (ranks) {
    if (training.syncBatchNorm && backend === 'webgpu' && ranks.size > 1) {
      throw new UserError(
        'training.syncBatchNorm is true, but webgpu cannot wait for other processes within a step',
        {
          hint: 'Use --set training.syncBatchNorm=false, or another backend.',
        },
      );
    }
    return countRankReplicas({ wanted, backend, batchSize, accumulate }, ranks.size);
  }
  const threads = threadsOf({ training });
  return replicaCount({ wanted, backend, cores: availableParallelism(), threads, batchSize, accumulate });
}

/**
 * Starts the other replicas, runs `work` on rank 0, and ends them.
 * @throws ReplicaError if a replica fails; UserError if the backend does not support `training.threads`; whatever `work` throws.
 */
export async function startReplicas<T>(
  options: ReplicasStart,
  work: (lead: LeadReplica, communicator: Communicator) => Promise<T>,
): Promise<T> {
  const { config, classCount, backend, centers, teacherWidth, ranks } = options;
  const { file = new URL('./replica.js', import.meta.url) } = options;
  checkKernelThreads(config, backend);
  const lead = async (communicator: Communicator, batches: ReplicaBatches) => {
    const store = createStore(config.loss.partialFc, communicator, centers);
    const lead = new LeadReplica(config, classCount, communicator, batches, { store, teacherWidth });
    try {
      const result = await work(lead, communicator);
      lead.stop();
      return result;
    } finally {
      lead.dispose();
    }
  };
  const { batchSize } = config.training;
  const { imageSize } = config.data;
  if (ranks) {
    shareRankStart(ranks, { classCount, centers });
    return withRankReplicas(ranks, { config, classCount, backend, centers, teacherWidth, file }, lead);
  }
  const size = countReplicas(config, backend);
  const batch = SharedBatch.create(batchSize, imageSize, { teacher: teacherArrays(config, teacherWidth) });
  const start: FollowerStart = { config, classCount, backend, batch: batch.memory, centers, teacherWidth };
  return withReplicas({ size, file, data: () => start }, (communicator) => lead(communicator, batch));
}
