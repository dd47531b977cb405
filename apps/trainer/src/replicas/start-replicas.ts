import { availableParallelism } from 'node:os';
import { type Communicator, withReplicas } from '@unitsphere/collectives';
import { type CentersPlace, createStore } from '../centers/center-store.js';
import type { Config } from '../config/config.js';
import type { FollowerStart } from './follow.js';
import { LeadReplica } from './lead-replica.js';
import { replicaCount } from './replica-count.js';
import { SharedBatch } from './shared-batch.js';

/** What replicas are started with. */
export interface ReplicasStart {
  config: Config;
  classCount: number;
  backend: string;
  /** Where class centers in files lie. */
  centers?: CentersPlace;
  /** Values of the teacher's feature, where there is one. */
  teacherWidth?: number;
  /** The module of their threads. Default: the one that is built beside this. */
  file?: URL | string;
}

/** How many replicas a config has on this machine. @throws UserError for a number that the backend cannot have. */
export function replicasOf({ training }: Config, backend: string): number {
  const { replicas: wanted, batchSize } = training;
  return replicaCount({ wanted, backend, cores: availableParallelism(), batchSize });
}

/**
 * Runs a training's work on rank 0 with the other replicas on threads, and ends them afterward.
 * @throws ReplicaError when one of them fails; what the work throws.
 */
export function startReplicas<T>(
  options: ReplicasStart,
  work: (lead: LeadReplica, communicator: Communicator) => Promise<T>,
): Promise<T> {
  const { config, classCount, backend, centers, teacherWidth } = options;
  const { file = new URL('./replica.js', import.meta.url) } = options;
  const size = replicasOf(config, backend);
  const room = teacherWidth && {
    width: teacherWidth,
    clean: config.distillation?.batch === 'augmented+clean',
  };
  const batch = SharedBatch.create(config.training.batchSize, config.data.imageSize, room || undefined);
  const start: FollowerStart = { config, classCount, backend, batch: batch.memory, centers, teacherWidth };
  return withReplicas({ size, file, data: () => start }, async (communicator) => {
    const store = createStore(config.loss.partialFc, communicator, centers);
    const lead = new LeadReplica(config, classCount, communicator, batch, { store, teacherWidth });
    try {
      const result = await work(lead, communicator);
      lead.stop();
      return result;
    } finally {
      lead.dispose();
    }
  });
}
