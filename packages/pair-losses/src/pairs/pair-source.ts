import { type Triplets, type Tuples, toPairs, toTriplets } from './tuples.js';

/** Triplets of a block of rows; anchors count from the block's first row. */
export interface BlockTriplets extends Triplets {
  /** Number of columns of the distance matrix. */
  columns: number;
}

/** A sparse matrix by rows: the entries of row i are list[offsets[i]] to list[offsets[i + 1] − 1]. */
interface Rows {
  offsets: Int32Array;
  list: Int32Array;
}

/**
 * The pairs and triplets of a batch: all that labels allow, or those that a miner chose. Rows are anchors, columns are
 * the batch again or the reference. Everything is computed for blocks of rows, and nothing of size batch² is stored.
 */
export class PairSource {
  /** Number of anchors. */
  readonly rows: number;
  /** Number of columns: the batch's rows, or the reference's. */
  readonly columns: number;
  readonly labels: Int32Array;
  readonly referenceLabels: Int32Array;
  /** Whether columns are the batch's own rows, so that a row is not its own pair. */
  readonly isSelf: boolean;
  readonly tuples: Tuples | undefined;
  /** For each row, the column of its own copy, which is not its pair; −1 for none. Absent if no row has one. */
  readonly ownColumns: Int32Array | undefined;
  readonly #positives: Rows | undefined;
  readonly #negatives: Rows | undefined;
  #byClass: Map<number, Int32Array> | undefined;
  #triplets: { positives: Rows; negatives: Rows } | undefined;

  constructor(
    labels: Int32Array,
    referenceLabels: Int32Array | undefined,
    tuples?: Tuples,
    ownColumns?: Int32Array,
  ) {
    this.labels = labels;
    this.ownColumns = ownColumns;
    this.referenceLabels = referenceLabels ?? labels;
    this.isSelf = referenceLabels === undefined;
    this.rows = labels.length;
    this.columns = this.referenceLabels.length;
    this.tuples = tuples;
    if (tuples) {
      const pairs = toPairs(tuples);
      this.#positives = byRow(pairs.anchors, pairs.positives, this.rows);
      this.#negatives = byRow(pairs.negativeAnchors, pairs.negatives, this.rows);
    }
  }

  /** Number of positive pairs per row. */
  positiveCounts(): Float64Array {
    if (this.#positives) return lengths(this.#positives);
    return Float64Array.from(
      this.labels,
      (label, row) => this.#columnsOf(label).length - (this.ownColumnOf(row) >= 0 ? 1 : 0),
    );
  }

  /** Number of negative pairs per row. */
  negativeCounts(): Float64Array {
    if (this.#negatives) return lengths(this.#negatives);
    return Float64Array.from(this.labels, (label) => this.columns - this.#columnsOf(label).length);
  }

  /** Number of triplets per row. */
  tripletCounts(): Float64Array {
    if (this.tuples && !('negativeAnchors' in this.tuples)) return this.positiveCounts();
    const negatives = this.negativeCounts();
    return this.positiveCounts().map((count, row) => count * negatives[row]);
  }

  /**
   * Returns how often each entry of rows [start, end) is a positive and a negative pair, row-major.
   * @param once Whether to count repeated pairs once.
   */
  counts(start: number, end: number, once: boolean): { positive: Float32Array; negative: Float32Array } {
    const { columns } = this;
    const positive = new Float32Array((end - start) * columns);
    const negative = new Float32Array((end - start) * columns);
    for (let row = start, from = 0; row < end; row++) {
      const to = from + columns;
      this.fillRow(row, positive.subarray(from, to), negative.subarray(from, to), once);
      from = to;
    }
    return { positive, negative };
  }

  /** Writes how often each column is a positive and a negative pair of a row. */
  fillRow(row: number, positive: Float32Array, negative: Float32Array, once: boolean): void {
    if (this.#positives && this.#negatives) {
      fillCounts(this.#positives, row, positive, once);
      fillCounts(this.#negatives, row, negative, once);
      return;
    }
    positive.fill(0);
    negative.fill(1);
    for (const column of this.#columnsOf(this.labels[row])) {
      positive[column] = 1;
      negative[column] = 0;
    }
    const own = this.ownColumnOf(row);
    if (own >= 0) positive[own] = 0;
  }

  /** Returns the columns of a row's positive pairs, ascending or as mined. */
  positivesOf(row: number): Int32Array {
    if (this.#positives) return rowOf(this.#positives, row);
    const own = this.ownColumnOf(row);
    return this.#columnsOf(this.labels[row]).filter((column) => column !== own);
  }

  /** Returns the columns of a row's negative pairs, ascending or as mined. */
  negativesOf(row: number): Int32Array {
    if (this.#negatives) return rowOf(this.#negatives, row);
    const { referenceLabels, columns } = this;
    const label = this.labels[row];
    const others = new Int32Array(columns);
    let count = 0;
    for (let column = 0; column < columns; column++) {
      if (referenceLabels[column] !== label) others[count++] = column;
    }
    return others.subarray(0, count);
  }

  /** Returns the triplets of a row that a miner chose; undefined without tuples. */
  minedTripletsOf(row: number): { positives: Int32Array; negatives: Int32Array } | undefined {
    const mined = this.#minedTriplets();
    return mined && { positives: rowOf(mined.positives, row), negatives: rowOf(mined.negatives, row) };
  }

  /** Returns the columns of a class, ascending. */
  #columnsOf(label: number): Int32Array {
    this.#byClass ??= groupColumns(this.referenceLabels);
    return this.#byClass.get(label) ?? NO_COLUMNS;
  }

  /** Returns the column of a row's own copy, or −1. */
  ownColumnOf(row: number): number {
    return this.isSelf ? row : (this.ownColumns?.[row] ?? -1);
  }

  /** Returns the triplets of rows [start, end). */
  triplets(start: number, end: number): BlockTriplets {
    const [anchors, positives, negatives]: number[][] = [[], [], []];
    const add = (row: number, positive: number, negative: number) => {
      anchors.push(row - start);
      positives.push(positive);
      negatives.push(negative);
    };
    for (let row = start; row < end; row++) {
      const mined = this.minedTripletsOf(row);
      if (mined) {
        mined.positives.forEach((positive, k) => {
          add(row, positive, mined.negatives[k]);
        });
        continue;
      }
      const others = this.negativesOf(row);
      for (const positive of this.positivesOf(row)) {
        for (const negative of others) add(row, positive, negative);
      }
    }
    return {
      anchors: Int32Array.from(anchors),
      positives: Int32Array.from(positives),
      negatives: Int32Array.from(negatives),
      columns: this.columns,
    };
  }

  #minedTriplets() {
    if (!this.tuples || this.#triplets) return this.#triplets;
    const { anchors, positives, negatives } = toTriplets(this.tuples);
    this.#triplets = {
      positives: byRow(anchors, positives, this.rows),
      negatives: byRow(anchors, negatives, this.rows),
    };
    return this.#triplets;
  }
}

const NO_COLUMNS = /* @__PURE__ */ new Int32Array(0);

/** Returns the positions of each label, ascending. */
function groupColumns(labels: Int32Array): Map<number, Int32Array> {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const groups = new Map([...counts].map(([label, count]) => [label, new Int32Array(count)]));
  for (let column = labels.length - 1; column >= 0; column--) {
    const label = labels[column];
    const place = (counts.get(label) ?? 0) - 1;
    counts.set(label, place);
    (groups.get(label) ?? NO_COLUMNS)[place] = column;
  }
  return groups;
}

function byRow(rows: Int32Array, values: Int32Array, count: number): Rows {
  const offsets = new Int32Array(count + 1);
  for (const row of rows) offsets[row + 1]++;
  for (let row = 0; row < count; row++) offsets[row + 1] += offsets[row];
  const next = offsets.slice();
  const list = new Int32Array(values.length);
  rows.forEach((row, k) => {
    list[next[row]++] = values[k];
  });
  return { offsets, list };
}

function lengths({ offsets }: Rows): Float64Array {
  return Float64Array.from({ length: offsets.length - 1 }, (_, row) => offsets[row + 1] - offsets[row]);
}

function rowOf({ offsets, list }: Rows, row: number): Int32Array {
  return list.subarray(offsets[row], offsets[row + 1]);
}

function fillCounts(rows: Rows, row: number, counts: Float32Array, once: boolean): void {
  counts.fill(0);
  for (const column of rowOf(rows, row)) counts[column] = once ? 1 : counts[column] + 1;
}
