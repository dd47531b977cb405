import type { Config } from '../config/config.js';
import type { Dataset } from '../dataset/dataset.js';
import { type BatchTools, datasetImages } from '../dataset/dataset-images.js';
import { countingPhase } from '../progress/counting-phase.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import type { CenterBlock } from '../replicas/broadcast-centers.js';
import type { LeadReplica } from '../replicas/lead-replica.js';

/** Number of class centers that are set in one block. */
const AT_ONCE = 4096;

/** Settings with which an epoch has each class once. */
const PLAIN = {
  augment: false,
  uprightSteps: undefined,
  sampler: 'class-balanced',
  imagesPerClass: 1,
} as const;

/** Options of {@link imprintCenters}. */
export interface ImprintOptions {
  config: Config;
  dataset: Dataset;
  /** Positions in the training part of identities whose class centers are kept. */
  kept?: ReadonlySet<number>;
  progress: ProgressReporter;
  signal?: AbortSignal;
  tools: BatchTools;
}

/**
 * Initializes each class center to the embedding of one unaugmented image of the class, scaled to the expected norm of a random
 * center. A network that already separates the images then need not unlearn that against random centers.
 * @returns Whether it finished before the signal was aborted.
 * @see Qi, Brown and Lowe, "Low-Shot Learning with Imprinted Weights", CVPR 2018.
 */
export async function imprintCenters(lead: LeadReplica, options: ImprintOptions): Promise<boolean> {
  const { config, dataset, kept = new Set(), progress, signal, tools } = options;
  const { views } = config.data;
  const { train } = dataset.split;
  const fresh = train.map((_, position) => position).filter((position) => !kept.has(position));
  if (fresh.length === 0) return true;
  // The sampler requires two classes; the embedding of the second is then ignored.
  const drawn = fresh.length * views > 1 ? fresh : [fresh[0], train.findIndex((_, i) => i !== fresh[0])];
  const wanted = fresh.length * views;
  const phase = countingPhase(progress);
  const batches = await datasetImages(
    { ...config, data: { ...config.data, ...PLAIN }, distillation: null },
    { ...dataset, split: { ...dataset.split, train: drawn.map((position) => train[position]) } },
    tools,
  ).batches(0);
  try {
    const length = config.loss.centerInitStd * Math.sqrt(config.model.embeddingSize);
    const seen = new Set<number>();
    let waiting = new Map<number, Float32Array>();
    while (seen.size < wanted) {
      if (signal?.aborted) return false;
      phase(`imprinting class centers: ${seen.size.toLocaleString('en')} of ${wanted.toLocaleString('en')}`);
      const { images, labels } = await batches.next();
      const imageBytes = images.length / labels.length;
      const unseen = [...labels.keys()].filter((i) => {
        const isNew = labels[i] < wanted && !seen.has(labels[i]);
        if (isNew) seen.add(labels[i]);
        return isNew;
      });
      const { embeddings, dimensions } = await lead.embed(
        unseen.map((i) => images.subarray(i * imageBytes, (i + 1) * imageBytes)),
      );
      unseen.forEach((i, row) => {
        const label = labels[i];
        const number = drawn[Math.floor(label / views)] * views + (label % views);
        waiting.set(
          number,
          embeddings.slice(row * dimensions, (row + 1) * dimensions).map((value) => value * length),
        );
      });
      if (waiting.size < AT_ONCE && seen.size < wanted) continue;
      await lead.setCenters(blockOf(waiting));
      waiting = new Map();
    }
    return true;
  } finally {
    progress.phase(null);
    await batches.close();
  }
}

async function* blockOf(centers: ReadonlyMap<number, Float32Array>): AsyncGenerator<CenterBlock> {
  const rows = [...centers].sort(([a], [b]) => a - b);
  const dimensions = rows[0][1].length;
  const values = new Float32Array(rows.length * dimensions);
  rows.forEach(([, center], row) => {
    values.set(center, row * dimensions);
  });
  yield { classes: Int32Array.from(rows, ([number]) => number), centers: values };
}
