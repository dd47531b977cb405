import * as tf from '@tensorflow/tfjs-core';
import { type Communicator, equalParts, soloCommunicator } from '@unitsphere/collectives';
import { CosFace } from '@unitsphere/margin-losses';
import { deviceStore, hostStore, PartialFC, RowAdamW } from '@unitsphere/partial-fc';
import { fileStore } from '@unitsphere/partial-fc/file';
import type { Trainee } from '../contender/serve.js';
import { tfjsMemory } from '../contender/tfjs-memory.js';
import { forgetFile } from './page-cache.js';
import { disjointSampler, uniformSampler } from './samplers.js';
import { CYCLE, type HeadWorkload } from './workload.js';

/** Where the centers live. */
export type StoreName = 'device' | 'host' | 'file';

/** A workload and how it is run. */
export interface HeadRun extends HeadWorkload {
  store: StoreName;
  /** Of the file. */
  path?: string;
  /** Each cycle of steps begins with an empty cache of rows and a file that the system has forgotten. */
  cold?: boolean;
  /** No class twice in a cycle. */
  disjoint?: boolean;
}

const SEED = 1;

/**
 * Makes a head whose rows were all updated once, and in a file are at their places there. All ranks call it together, and so
 * its steps.
 */
export async function startHead(
  run: HeadRun,
  communicator: Communicator = soloCommunicator(),
): Promise<Trainee> {
  const { dimensions, batch, store, cold = false } = run;
  const { rank, size } = communicator;
  const path = `${run.path ?? ''}${size > 1 ? `-${rank}` : ''}`;
  const parts = equalParts(batch, size);
  const begin = parts.slice(0, rank).reduce((sum, part) => sum + part, 0);
  const rows = parts[rank];
  const { sampler, labels } = (run.disjoint ? disjointSampler : uniformSampler)(run, SEED);
  const make = (overwrite: boolean) =>
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
  let head = make(true);
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

  async function cool(): Promise<void> {
    const state = await head.stateDict();
    await head.checkpointWritten();
    head.dispose();
    forgetFile(path);
    head = make(false);
    await head.loadStateDict(state);
  }

  // The full softmax has the same rows in each step.
  for (let i = 0; i < (run.sampled >= run.classes ? 1 : CYCLE); i++) await step();
  if (store === 'file') {
    await head.stateDict();
    await head.checkpointWritten();
  }
  return {
    step,
    prepare: async () => {
      if (cold && head.stepCount % CYCLE === 0) await cool();
    },
    stop: async () => {
      head.dispose();
      tf.dispose(embeddings);
    },
    memory: tfjsMemory,
  };
}
