import type * as tf from '@tensorflow/tfjs-core';
import { checkEmbeddings, checkSameWidth } from '../check.js';
import { type Labels, readLabels } from '../labels.js';
import { PairSource } from '../pairs/pair-source.js';
import type { Triplets } from '../pairs/tuples.js';
import type { MinerEntry } from '../registry/miner-entry.js';
import type { Miner, MinerCall } from './miner.js';

/** Options of `AngularMiner`. */
export interface AngularMinerOptions {
  /** Smallest angle of a chosen triplet, in degrees, in [0, 90). Default 20. */
  angle?: number;
}

/**
 * Chooses triplets whose angle at the negative exceeds a threshold: atan(|a − p| / (2 |n − (a + p) / 2|)) > angle.
 *
 * As in pytorch-metric-learning, the embeddings are not normalized, and 1e-6 is added to every difference.
 * @see Wang et al., "Deep Metric Learning with Angular Loss", ICCV 2017.
 */
export class AngularMiner implements Miner<Triplets> {
  readonly angle: number;

  /** @throws RangeError unless the angle is in [0, 90). */
  constructor({ angle = 20 }: AngularMinerOptions = {}) {
    if (!(angle >= 0 && angle < 90)) {
      throw new RangeError(`AngularMiner: angle must be in [0, 90) degrees, but it is ${angle}.`);
    }
    this.angle = angle;
  }

  mine(embeddings: tf.Tensor2D, labels: Labels, call: MinerCall = {}): Triplets {
    const pairs = check(embeddings, labels, call);
    const query = embeddings.dataSync() as Float32Array;
    const reference = call.ref ? (call.ref.dataSync() as Float32Array) : query;
    return this.#choose(query, reference, embeddings.shape[1], pairs);
  }

  async mineAsync(embeddings: tf.Tensor2D, labels: Labels, call: MinerCall = {}): Promise<Triplets> {
    const pairs = check(embeddings, labels, call);
    const query = (await embeddings.data()) as Float32Array;
    const reference = call.ref ? ((await call.ref.data()) as Float32Array) : query;
    return this.#choose(query, reference, embeddings.shape[1], pairs);
  }

  #choose(query: Float32Array, reference: Float32Array, width: number, pairs: PairSource): Triplets {
    for (const values of [query, reference]) {
      const bad = values.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) {
        throw new Error(
          `AngularMiner: row ${Math.floor(bad / width)} has the value ${values[bad]}; embeddings must be finite.`,
        );
      }
    }
    const tangent = Math.tan((this.angle * Math.PI) / 180);
    const lists: number[][] = [[], [], []];
    const center = new Float64Array(width);
    for (let row = 0; row < pairs.rows; row++) {
      const { anchors, positives, negatives } = pairs.triplets(row, row + 1);
      let positive = -1;
      let side = 0;
      anchors.forEach((_, k) => {
        if (positives[k] !== positive) {
          positive = positives[k];
          side = 0;
          for (let i = 0; i < width; i++) {
            const [a, p] = [query[row * width + i], reference[positive * width + i]];
            center[i] = (a + p) / 2;
            side += (a - p + SHIFT) ** 2;
          }
        }
        let height = 0;
        for (let i = 0; i < width; i++)
          height += (reference[negatives[k] * width + i] - center[i] + SHIFT) ** 2;
        if (!(Math.sqrt(side) > 2 * tangent * Math.sqrt(height))) return;
        lists[0].push(row);
        lists[1].push(positive);
        lists[2].push(negatives[k]);
      });
    }
    const [anchors, positives, negatives] = lists.map((list) => Int32Array.from(list));
    return { anchors, positives, negatives };
  }
}

/** What torch.nn.functional.pairwise_distance adds to every difference. */
const SHIFT = 1e-6;

function check(embeddings: tf.Tensor2D, labels: Labels, { ref, refLabels }: MinerCall): PairSource {
  const title = 'AngularMiner';
  checkEmbeddings(title, 'embeddings', embeddings);
  const own = readLabels(title, 'labels', labels, embeddings.shape[0]);
  if (!ref !== !refLabels) {
    throw new TypeError(`${title}: ref and refLabels belong together; pass both or neither.`);
  }
  if (!ref || !refLabels) return new PairSource(own, undefined);
  checkEmbeddings(title, 'ref', ref);
  checkSameWidth(title, embeddings, 'ref', ref);
  return new PairSource(own, readLabels(title, 'refLabels', refLabels, ref.shape[0]));
}

/** The registry's entry. */
export const angularMiner = {
  create: (options) => new AngularMiner(options),
  description: 'triplets whose angle at the negative exceeds a limit',
  settings: {
    angle: {
      type: 'number',
      default: 20,
      minimum: 0,
      exclusiveMaximum: 90,
      description: 'Smallest angle of a chosen triplet, in degrees.',
    },
  },
} satisfies MinerEntry<AngularMinerOptions>;
