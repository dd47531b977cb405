import * as tf from '@tensorflow/tfjs-core';
import type { StateDict } from '@unitsphere/core';
import { assignRows, gatherRows } from '@unitsphere/ops';
import type {
  CenterStore,
  HostRows,
  PrepareRows,
  RowBlock,
  RowTables,
  StoreFactory,
  StoreSpec,
} from './center-store.js';
import { stateToTables, tableNames, tableOf, tablesToState } from './memory-tables.js';

/** Returns a store that keeps the class centers and their optimizer's state on the backend: the fastest if they fit. */
export function deviceStore(): StoreFactory {
  return (spec) => new DeviceStore(spec);
}

class DeviceStore implements CenterStore {
  readonly #tables: Map<string, tf.Variable<tf.Rank.R2>>;
  readonly #counts: Int32Array;
  readonly #lastSteps: Int32Array;

  constructor(readonly spec: StoreSpec) {
    const { rows, dimensions, firstClass, initialRow } = spec;
    const centers = new Float32Array(rows * dimensions);
    for (let row = 0; row < rows; row++) {
      initialRow(firstClass + row, centers.subarray(row * dimensions, (row + 1) * dimensions));
    }
    this.#tables = new Map(
      tableNames(spec).map((name) => [name, this.#variable(name === 'weight' ? centers : undefined)]),
    );
    this.#counts = new Int32Array(rows);
    this.#lastSteps = new Int32Array(rows);
  }

  async gather(rows: Int32Array, prepare?: PrepareRows): Promise<RowBlock> {
    const ids = tf.tensor1d(rows, 'int32');
    try {
      if (prepare) await this.#prepare(rows, ids, prepare);
      const table = tableOf(this.#tables, 'weight');
      // All rows need no copy.
      const all = rows.length === this.spec.rows;
      const centers = all ? table : gatherRows(table, ids);
      return {
        centers,
        counts: rows.map((row) => this.#counts[row]),
        update: async (fn: (rows: RowTables, from: number, to: number) => void, step: number) => {
          fn({ tables: this.#tables, ids }, 0, rows.length);
          for (const row of rows) {
            this.#counts[row]++;
            this.#lastSteps[row] = step;
          }
        },
        dispose: () => tf.dispose(all ? [ids] : [ids, centers]),
      };
    } catch (error) {
      ids.dispose();
      throw error;
    }
  }

  async readCenters(from: number, to: number): Promise<Float32Array> {
    const part = tf.slice(tableOf(this.#tables, 'weight'), [from, 0], [to - from, this.spec.dimensions]);
    try {
      return ownValues(await part.data());
    } finally {
      part.dispose();
    }
  }

  async save(): Promise<StateDict> {
    const values = await Promise.all([...this.#tables.values()].map((table) => table.data()));
    const tables = new Map([...this.#tables.keys()].map((name, i) => [name, ownValues(values[i])]));
    return tablesToState(this.spec, tables, this.#counts.slice(), this.#lastSteps.slice());
  }

  async checkpointWritten(): Promise<void> {}

  async restore(saved: StateDict): Promise<void> {
    const { tables, counts, lastSteps } = stateToTables(this.spec, saved);
    for (const [name, values] of tables) {
      tableOf(this.#tables, name).dispose();
      this.#tables.set(name, this.#variable(ownValues(values)));
    }
    this.#counts.set(counts);
    this.#lastSteps.set(lastSteps);
  }

  dispose(): void {
    for (const table of this.#tables.values()) table.dispose();
    this.#tables.clear();
  }

  #variable(values?: Float32Array): tf.Variable<tf.Rank.R2> {
    const shape: [number, number] = [this.spec.rows, this.spec.dimensions];
    return tf.tidy(() => tf.variable(values ? tf.tensor2d(values, shape) : tf.zeros(shape), false));
  }

  async #prepare(rows: Int32Array, ids: tf.Tensor1D, prepare: PrepareRows): Promise<void> {
    const gathered = [...this.#tables].map(([name, table]) => [name, gatherRows(table, ids)] as const);
    try {
      const host: HostRows = {
        tables: new Map(
          await Promise.all(
            gathered.map(async ([name, part]) => [name, (await part.data()) as Float32Array] as const),
          ),
        ),
        counts: rows.map((row) => this.#counts[row]),
        lastSteps: rows.map((row) => this.#lastSteps[row]),
      };
      prepare(host, 0);
      tf.tidy(() => {
        for (const [name, values] of host.tables) {
          assignRows(
            tableOf(this.#tables, name),
            ids,
            tf.tensor2d(values, [rows.length, this.spec.dimensions]),
          );
        }
      });
      rows.forEach((row, i) => {
        this.#lastSteps[row] = host.lastSteps[i];
      });
    } finally {
      tf.dispose(gathered.map(([, part]) => part));
    }
  }
}

/** Returns values that no tensor shares. The cpu backend hands out its own arrays and changes them in place. */
function ownValues(values: tf.TypedArray): Float32Array {
  return (tf.getBackend() === 'cpu' ? values.slice() : values) as Float32Array;
}
