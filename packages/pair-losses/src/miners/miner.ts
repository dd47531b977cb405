import * as tf from '@tensorflow/tfjs-core';
import { checkCount, checkEmbeddings, checkSameWidth } from '../check.js';
import type { Distance } from '../distances/distance.js';
import { type Labels, readLabels } from '../labels.js';
import type { Pairs, Triplets, Tuples } from '../pairs/tuples.js';

/** Options of every miner. */
export interface MinerOptions {
  /** Distance or similarity of embeddings. Each miner has its own default. */
  distance?: Distance;
  /** Maximum number of rows whose distances are in memory at a time, at least 1. By default as many as take 2²¹ values. */
  blockRows?: number;
}

/** Options of a call of `mine`. */
export interface MinerCall {
  /** Reference embeddings, float32 [columns, dimensions], from which positives and negatives are chosen. */
  ref?: tf.Tensor2D;
  /** The class of each reference embedding; required with `ref`. */
  refLabels?: Labels;
}

/** Chooses pairs or triplets of a batch. Nothing is recorded on the tape. */
export interface Miner<T extends Tuples = Tuples> {
  /**
   * Chooses pairs or triplets. It reads distances synchronously, which the WebGPU backend does not support; use
   * {@link mineAsync} there.
   * @param embeddings float32 [batch, dimensions].
   * @param labels int32 [batch].
   * @returns Rows of the batch, or of `ref` for positives and negatives, ordered by anchor. Lists are empty if nothing fits.
   * @throws TypeError for a wrong type, rank or dtype; RangeError if sizes differ; Error for non-finite distances.
   */
  mine(embeddings: tf.Tensor2D, labels: Labels, call?: MinerCall): T;

  /** Chooses pairs or triplets as {@link mine} does, without blocking the device. */
  mineAsync(embeddings: tf.Tensor2D, labels: Labels, call?: MinerCall): Promise<T>;
}

/** One anchor's distances on the host. */
export interface AnchorRow {
  /** Row of the anchor in the batch. */
  anchor: number;
  /** Distance of every column. */
  distances: Float32Array;
  /** Columns of the anchor's class, without itself, in ascending order. */
  positives: number[];
  /** Columns of other classes, in ascending order. */
  negatives: number[];
  /** Whether the columns are the batch's own rows. */
  isSelf: boolean;
}

/** Columns that a miner chose for one anchor. */
export interface Choice {
  positives: number[];
  negatives: number[];
}

const VALUES_PER_BLOCK = 1 << 21;

/** Base class of miners that decide for each anchor on its own. */
export abstract class RowMiner<T extends Tuples> implements Miner<T> {
  readonly distance: Distance;
  readonly #blockRows: number;

  /** @throws RangeError unless blockRows is an integer of at least 1. */
  constructor({ distance, blockRows }: MinerOptions & { distance: Distance }) {
    this.distance = distance;
    this.#blockRows = blockRows === undefined ? Number.POSITIVE_INFINITY : checkCount('blockRows', blockRows);
  }

  /** The miner's name for error messages. */
  protected abstract readonly title: string;

  /** Prepares a batch; called once before its rows. */
  protected start?(dimensions: number): void;

  /** Chooses columns for one anchor. */
  protected abstract choose(row: AnchorRow): Choice;

  /** Converts the choices of all anchors to tuples. */
  protected abstract collect(choices: Map<number, Choice>): T;

  mine(embeddings: tf.Tensor2D, labels: Labels, call: MinerCall = {}): T {
    const batch = this.#check(embeddings, labels, call);
    const choices = new Map<number, Choice>();
    this.start?.(embeddings.shape[1]);
    for (const [start, end] of this.#blocks(batch)) {
      const matrix = this.#distances(embeddings, call.ref, start, end);
      try {
        this.#chooseRows(matrix.dataSync() as Float32Array, batch, start, end, choices);
      } finally {
        matrix.dispose();
      }
    }
    return this.collect(choices);
  }

  async mineAsync(embeddings: tf.Tensor2D, labels: Labels, call: MinerCall = {}): Promise<T> {
    const batch = this.#check(embeddings, labels, call);
    const choices = new Map<number, Choice>();
    this.start?.(embeddings.shape[1]);
    for (const [start, end] of this.#blocks(batch)) {
      const matrix = this.#distances(embeddings, call.ref, start, end);
      try {
        this.#chooseRows((await matrix.data()) as Float32Array, batch, start, end, choices);
      } finally {
        matrix.dispose();
      }
    }
    return this.collect(choices);
  }

  #check(embeddings: tf.Tensor2D, labels: Labels, { ref, refLabels }: MinerCall): Batch {
    const { title } = this;
    checkEmbeddings(title, 'embeddings', embeddings);
    const own = readLabels(title, 'labels', labels, embeddings.shape[0]);
    if (!ref !== !refLabels) {
      throw new TypeError(`${title}: ref and refLabels belong together; pass both or neither.`);
    }
    if (!ref || !refLabels) return { labels: own, others: own, isSelf: true };
    checkEmbeddings(title, 'ref', ref);
    checkSameWidth(title, embeddings, 'ref', ref);
    return { labels: own, others: readLabels(title, 'refLabels', refLabels, ref.shape[0]), isSelf: false };
  }

  #blocks({ labels, others }: Batch): [number, number][] {
    const rows = Math.max(1, Math.min(this.#blockRows, Math.floor(VALUES_PER_BLOCK / others.length)));
    const count = Math.ceil(labels.length / rows);
    return Array.from({ length: count }, (_, k) => [k * rows, Math.min(labels.length, (k + 1) * rows)]);
  }

  #distances(embeddings: tf.Tensor2D, ref: tf.Tensor2D | undefined, start: number, end: number): tf.Tensor2D {
    return tf.tidy(() => {
      const query = this.distance.prepare(embeddings).value;
      const reference = ref ? this.distance.prepare(ref).value : query;
      return this.distance.matrix(tf.slice(query, [start, 0], [end - start, -1]), reference).value;
    });
  }

  #chooseRows(values: Float32Array, batch: Batch, start: number, end: number, choices: Map<number, Choice>) {
    const { labels, others, isSelf } = batch;
    const columns = others.length;
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw new Error(
        `${this.title}: the distance of row ${start + Math.floor(bad / columns)} and column ${bad % columns} is ` +
          `${values[bad]}; check the embeddings for NaN and infinity.`,
      );
    }
    for (let anchor = start; anchor < end; anchor++) {
      const first = (anchor - start) * columns;
      const row: AnchorRow = {
        anchor,
        distances: values.subarray(first, first + columns),
        positives: [],
        negatives: [],
        isSelf,
      };
      for (let column = 0; column < columns; column++) {
        if (others[column] !== labels[anchor]) row.negatives.push(column);
        else if (!(isSelf && column === anchor)) row.positives.push(column);
      }
      choices.set(anchor, this.choose(row));
    }
  }
}

interface Batch {
  labels: Int32Array;
  others: Int32Array;
  isSelf: boolean;
}

/** Returns every chosen positive and negative column as a pair with its anchor. */
export function collectPairs(choices: Map<number, Choice>): Pairs {
  const lists: number[][] = [[], [], [], []];
  for (const [anchor, { positives, negatives }] of choices) {
    for (const positive of positives) {
      lists[0].push(anchor);
      lists[1].push(positive);
    }
    for (const negative of negatives) {
      lists[2].push(anchor);
      lists[3].push(negative);
    }
  }
  const [anchors, positives, negativeAnchors, negatives] = lists.map((list) => Int32Array.from(list));
  return { anchors, positives, negativeAnchors, negatives };
}

/** Returns triplets of each anchor's k-th positive and k-th negative column. */
export function collectTriplets(choices: Map<number, Choice>): Triplets {
  const lists: number[][] = [[], [], []];
  for (const [anchor, { positives, negatives }] of choices) {
    positives.forEach((positive, k) => {
      lists[0].push(anchor);
      lists[1].push(positive);
      lists[2].push(negatives[k]);
    });
  }
  const [anchors, positives, negatives] = lists.map((list) => Int32Array.from(list));
  return { anchors, positives, negatives };
}
