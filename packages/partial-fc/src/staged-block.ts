import * as tf from '@tensorflow/tfjs-core';
import type { HostRows, RowBlock, RowTables } from './center-store.js';

/** Rows that were copied from the host's memory to the backend, and go back there when they are updated. */
export class StagedBlock implements RowBlock {
  readonly centers: tf.Variable<tf.Rank.R2>;
  readonly counts: Int32Array;
  readonly #rows: HostRows;
  readonly #dimensions: number;
  readonly #write: (rows: HostRows) => void;

  /** @param write Keeps the rows after an update; their arrays are the block's. */
  constructor(rows: HostRows, dimensions: number, write: (rows: HostRows) => void) {
    this.#rows = rows;
    this.counts = rows.counts;
    this.#dimensions = dimensions;
    this.#write = write;
    this.centers = this.#upload('weight');
  }

  async update(fn: (rows: RowTables) => void, step: number): Promise<void> {
    const names = [...this.#rows.tables.keys()];
    const tables = new Map(
      names.map((name) => [name, name === 'weight' ? this.centers : this.#upload(name)]),
    );
    const ids = tf.range(0, this.counts.length, 1, 'int32');
    try {
      fn({ tables, ids });
      const values = await Promise.all(
        names.map((name) => tables.get(name)!.data() as Promise<Float32Array>),
      );
      this.#write({
        tables: new Map(names.map((name, i) => [name, values[i]!])),
        counts: this.counts.map((count) => count + 1),
        lastSteps: new Int32Array(this.counts.length).fill(step),
      });
    } finally {
      ids.dispose();
      for (const [name, table] of tables) if (name !== 'weight') table.dispose();
    }
  }

  dispose(): void {
    this.centers.dispose();
  }

  #upload(name: string): tf.Variable<tf.Rank.R2> {
    const shape: [number, number] = [this.counts.length, this.#dimensions];
    return tf.tidy(() => tf.variable(tf.tensor2d(this.#rows.tables.get(name)!, shape), false));
  }
}
