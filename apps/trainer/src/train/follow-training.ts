import { availableParallelism } from 'node:os';
import { useBackend } from '@unitsphere/backends';
import { createStore } from '../centers/center-store.js';
import type { BatchSource } from '../dataset/batches.js';
import { openDataset } from '../dataset/dataset.js';
import { datasetImages } from '../dataset/dataset-images.js';
import { workerCount } from '../dataset/worker-count.js';
import { receiveTeacherFeatures } from '../distillation/teacher-features.js';
import { readMemory } from '../memory.js';
import { obeyCommands } from '../replicas/obey-commands.js';
import { rangeOfRank } from '../replicas/range-of-rank.js';
import { RankBatches } from '../replicas/rank-batches.js';
import { Replica } from '../replicas/replica.js';
import { shareConfig, shareRankStart } from '../replicas/share-start.js';
import type { RankGroup } from './rank-group.js';
import { checkSameData } from './same-data.js';

/**
 * Trains as one of the processes of a group, other than process 0: reads its own part of every batch and executes the commands of
 * process 0. It prints nothing and writes no file, except class centers of `store: file`.
 * @throws UserError for images that cannot be read; CollectiveAbortedError if another process has failed.
 */
export async function followTraining(ranks: RankGroup): Promise<void> {
  const { config, backend } = shareConfig(ranks);
  await useBackend(backend);
  // Process 0 reports unreadable images.
  const dataset = await openDataset(config, { warn: () => {} });
  checkSameData(ranks, config, dataset);
  const teacher = config.distillation ? receiveTeacherFeatures(config, dataset, ranks) : undefined;
  const { classCount, centers } = shareRankStart(ranks);
  const { batchSize } = config.training;
  const workers = workerCount(config, machineOfRank(ranks, backend));
  const part = rangeOfRank(batchSize, ranks.rank, ranks.size);
  const images = datasetImages(config, dataset, { workers, part }, teacher);
  const readsAhead = config.loss.partialFc.store === 'file';
  const batches = new RankBatches(batchSize, config.data.imageSize);
  const store = createStore(config.loss.partialFc, ranks, centers);
  const replica = new Replica(config, classCount, ranks, batches, { store, teacherWidth: teacher?.width });
  let source: BatchSource | undefined;
  try {
    await obeyCommands(ranks, replica, async (step) => {
      source ??= await images.batches(step);
      batches.write(await source.next(), readsAhead ? source.labelsAt(step + 1) : undefined);
    });
  } finally {
    await source?.close();
    replica.dispose();
  }
}

/** Returns a process's share of its machine. */
export function machineOfRank({ localSize }: RankGroup, backend: string) {
  return {
    cores: Math.max(1, Math.floor(availableParallelism() / localSize)),
    memory: Math.floor(readMemory().available / localSize),
    backend,
    replicas: 1,
  };
}
