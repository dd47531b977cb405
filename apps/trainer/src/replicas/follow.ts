import { useBackend } from '@unitsphere/backends';
import { serveReplica } from '@unitsphere/collectives';
import { type CentersPlace, createStore } from '../centers/center-store.js';
import type { Config } from '../config/config.js';
import { hear } from './commands.js';
import { Replica } from './replica.js';
import { SharedBatch } from './shared-batch.js';

/** What a replica's thread is started with. */
export interface FollowerStart {
  config: Config;
  classCount: number;
  /** The backend that rank 0 runs on. */
  backend: string;
  batch: SharedBatch['memory'];
  /** Where class centers in files lie. */
  centers?: CentersPlace;
  /** Values of the teacher's feature, where there is one. */
  teacherWidth?: number;
}

/** A replica's thread: does what rank 0 tells, until it is told to stop. */
export function follow(): Promise<void> {
  return serveReplica<FollowerStart>(async ({ communicator, data }) => {
    const { config, classCount, backend, centers, teacherWidth } = data;
    await useBackend(backend);
    const batch = SharedBatch.open(data.batch, config.data.imageSize);
    const store = createStore(config.loss.partialFc, communicator, centers);
    const replica = new Replica(config, classCount, communicator, batch, { store, teacherWidth });
    for (let command = hear(communicator); command.name !== 'stop'; command = hear(communicator)) {
      const { name, step, count } = command;
      if (name === 'train') await replica.train(step, count);
      else if (name === 'embed') await replica.embed(count);
      else if (name === 'restore') await replica.restore(step);
      else await replica[name]();
    }
    replica.dispose();
  });
}
