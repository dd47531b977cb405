import { availableParallelism } from 'node:os';
import { useBackend } from '@unitsphere/backends';
import { toCenterError } from '../centers/center-error.js';
import { createStore } from '../centers/center-store.js';
import type { Config } from '../config/config.js';
import type { BatchSource } from '../dataset/batches.js';
import { openDataset } from '../dataset/dataset.js';
import { datasetImages } from '../dataset/dataset-images.js';
import { workerCount } from '../dataset/worker-count.js';
import { receiveTeacherFeatures } from '../distillation/teacher-features.js';
import { readMemory } from '../memory.js';
import { resolveThreads } from '../replicas/kernel-threads.js';
import { obeyCommands } from '../replicas/obey-commands.js';
import { partOfProcess, withRankReplicas } from '../replicas/rank-replicas.js';
import { Replica } from '../replicas/replica.js';
import { countThreads } from '../replicas/replica-count.js';
import { shareConfig, shareRankStart } from '../replicas/share-start.js';
import { threadsOf } from '../replicas/threads-of.js';
import type { RankGroup } from './rank-group.js';
import { checkSameData } from './same-data.js';

/**
 * Trains as one of the processes of a group, other than process 0: reads its own part of every batch and executes the commands of
 * process 0. It prints nothing and writes no file, except class centers of `store: file`.
 * @throws UserError for images that cannot be read; CollectiveAbortedError if another process has failed.
 */
export async function followTraining(ranks: RankGroup): Promise<void> {
  const { config: shared, backend } = shareConfig(ranks);
  await useBackend(backend);
  const config = resolveThreads(shared, backend, coresOfRank(ranks));
  // Process 0 reports unreadable images.
  const dataset = await openDataset(config, { warn: () => {} });
  checkSameData(ranks, config, dataset);
  const teacher = config.distillation ? receiveTeacherFeatures(config, dataset, ranks) : undefined;
  const { classCount, centers } = shareRankStart(ranks);
  const workers = workerCount(config, machineOfRank(ranks, config, backend));
  const part = partOfProcess(config, ranks);
  const images = datasetImages(config, dataset, { workers, part }, teacher);
  const readsAhead = config.loss.partialFc.store === 'file';
  const teacherWidth = teacher?.width;
  const start = { config, classCount, backend, centers, teacherWidth };
  try {
    await withRankReplicas(ranks, start, async (communicator, batches) => {
      const store = createStore(config.loss.partialFc, communicator, centers);
      const replica = new Replica(config, classCount, communicator, batches, { store, teacherWidth });
      let source: BatchSource | undefined;
      try {
        await obeyCommands(communicator, replica, async (step) => {
          source ??= await images.batches(step);
          batches.write(await source.next(), readsAhead ? source.labelsAt(step + 1) : undefined);
        });
      } finally {
        await source?.close();
        replica.dispose();
      }
    });
  } catch (error) {
    throw toCenterError(error);
  }
}

/** Returns a process's share of the cores of its machine. */
export function coresOfRank({ localSize }: RankGroup): number {
  return Math.max(1, Math.floor(availableParallelism() / localSize));
}

/** Returns a process's share of its machine. */
export function machineOfRank(ranks: RankGroup, config: Config, backend: string) {
  return {
    cores: coresOfRank(ranks),
    memory: Math.floor(readMemory().available / ranks.localSize),
    backend,
    replicas: countThreads(config.training) * threadsOf(config),
  };
}
