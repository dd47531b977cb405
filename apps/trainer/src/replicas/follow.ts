import { useBackend } from '@unitsphere/backends';
import { serveReplica } from '@unitsphere/collectives';
import { type CentersPlace, createStore } from '../centers/center-store.js';
import type { Config } from '../config/config.js';
import { obeyCommands } from './obey-commands.js';
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
}

/** Runs a replica's thread: executes rank 0's commands until `stop`. */
export function follow(): Promise<void> {
  return serveReplica<FollowerStart>(async ({ communicator, data }) => {
    const { config, classCount, backend, centers, teacherWidth } = data;
    await useBackend(backend);
    const batch = SharedBatch.open(data.batch, config.data.imageSize);
    const store = createStore(config.loss.partialFc, communicator, centers);
    const replica = new Replica(config, classCount, communicator, batch, { store, teacherWidth });
    await obeyCommands(communicator, replica);
    replica.dispose();
  });
}
