import * as tf from '@tensorflow/tfjs-core';
import { type Communicator, equalParts, soloCommunicator } from '@unitsphere/collectives';
import { CosFace } from '@unitsphere/margin-losses';
import { deviceStore, hostStore, PartialFC, RowAdamW } from '@unitsphere/partial-fc';
import { fileStore } from '@unitsphere/partial-fc/file';
import type { StepRunner } from '../contender/serve.js';
import { readTfjsMemory } from '../contender/tfjs-memory.js';
import { forgetFile } from './page-cache.js';
import { createDisjointSampler, createUniformSampler } from './samplers.js';
import { CYCLE, type HeadWorkload } from './workload.js';

/** The store of the class centers. */
export type StoreName = 'device' | 'host' | 'file';

/** A workload with its store and sampling. */
export interface HeadRun extends HeadWorkload {
  store: StoreName;
  /** Path of the center file, for the file store. */
  path?: string;
  /** Whether each cycle of steps starts with an empty row cache and without the file in the system's page cache. */
  cold?: boolean;
  /** Whether no class is sampled twice within a cycle. */
  disjoint?: boolean;
}

const SEED = 1;

/**
 * Creates a head and updates every sampled row once, so that the rows of a center file are in the file and not in its
 * journal. All ranks must call this function and each step together.
 */
export async function startHead(
  run: HeadRun,
  communicator: Communicator = soloCommunicator(),
): Promise<StepRunner> {
  const { dimensions, batch, store, cold = false } = run;
  const { rank, size } = communicator;
  const path = `${run.path ?? ''}${size > 1 ? `-${rank}` : ''}`;
  const parts = equalParts(batch, size);
  const begin = parts.slice(0, rank).reduce((sum, part) => sum + part, 0);
  const rows = parts[rank];
  const { sampler, labels } = (run.disjoint ? createDisjointSampler : createUniformSampler)(run, SEED);
  const createHead = (overwrite: boolean) =>
    new PartialFC({
      classes: run.classes,
      dimensions,
      loss: new CosFace(),
      optimizer: new RowAdamW(),
      store:
        store === 'file' ? fileStore(path, { overwrite }) : store === 'host' ? hostStore() : deviceStore(),
      sampler,
      seed: SEED,
      communicator,
    });
  let head = createHead(true);
  const embeddings = Array.from({ length: CYCLE }, (_, i) =>
    tf.tidy(() => {
      const all = tf.randomNormal<tf.Rank.R2>([batch, dimensions], 0, 1, 'float32', i + 1);
      return tf.slice(all, [begin, 0], [rows, dimensions]);
    }),
  );

  async function step(): Promise<number> {
    const at = head.stepCount;
    const { loss, embeddingGradient } = await head.forwardBackward(
      embeddings[at % CYCLE],
      labels(at).subarray(begin, begin + rows),
    );
    await head.step({ lr: 1e-3 });
    embeddingGradient.dispose();
    return loss;
  }

  async function dropCaches(): Promise<void> {
    const state = await head.stateDict();
    await head.checkpointWritten();
    head.dispose();
    forgetFile(path);
    head = createHead(false);
    await head.loadStateDict(state);
  }

  // The full softmax uses the same rows in each step.
  for (let i = 0; i < (run.sampled >= run.classes ? 1 : CYCLE); i++) await step();
  if (store === 'file') {
    await head.stateDict();
    await head.checkpointWritten();
  }
  return {
    step,
    prepare: async () => {
      if (cold && head.stepCount % CYCLE === 0) await dropCaches();
    },
    stop: async () => {
      head.dispose();
      tf.dispose(embeddings);
    },
    memory: readTfjsMemory,
  };
}
