import { useBackend } from '@unitsphere/backends';
import { type Communicator, serveReplica } from '@unitsphere/collectives';
import type { HybridPlace } from '@unitsphere/mpi';
import { type CentersPlace, createStore } from '../centers/center-store.js';
import type { Config } from '../config/config.js';
import { obeyCommands } from './obey-commands.js';
import { RankBatches } from './rank-batches.js';
import { Replica } from './replica.js';
import { SharedBatch } from './shared-batch.js';

/** The data that a replica's thread starts with. */
export interface FollowerStart {
  config: Config;
  classCount: number;
  /** Rank 0's backend. */
  backend: string;
  batch: SharedBatch['memory'];
  /** The folder of the center files, for `store: file`. */
  centers?: CentersPlace;
  /** Width of the teacher's features, if the config distills. */
  teacherWidth?: number;
  /** The place of the replica's process in a group of processes, if there is one. */
  process?: ProcessPlace;
}

/** The place of a process in a group. */
export interface ProcessPlace extends HybridPlace {
  /** Position of the process's part in a whole batch. */
  first: number;
  /** How messages call the process. */
  name: string;
}

/** Runs a replica's thread: executes rank 0's commands until `stop`. */
export function follow(): Promise<void> {
  return serveReplica<FollowerStart>(async ({ communicator: threads, data }) => {
    const { config, classCount, backend, centers, teacherWidth, process } = data;
    try {
      await useBackend(backend);
      const { communicator, batches } = await join(threads, data);
      const store = createStore(config.loss.partialFc, communicator, centers);
      const replica = new Replica(config, classCount, communicator, batches, { store, teacherWidth });
      await obeyCommands(communicator, replica);
      replica.dispose();
    } catch (error) {
      // The other processes print this reason. Without processes, the group of threads ends with the error.
      if (process) threads.abort(`${process.name}: ${error instanceof Error ? error.message : error}`);
      throw error;
    }
  });
}

/** Joins the replicas of this process, or those of all processes. */
async function join(threads: Communicator, { config, batch, process }: FollowerStart) {
  const { imageSize } = config.data;
  const own = SharedBatch.open(batch, imageSize);
  if (!process) return { communicator: threads, batches: own };
  const { HybridCommunicator } = await import('@unitsphere/mpi');
  const batches = new RankBatches(config.training.batchSize, imageSize, {
    own,
    first: process.first,
    threads,
  });
  return { communicator: new HybridCommunicator(threads, process), batches };
}
