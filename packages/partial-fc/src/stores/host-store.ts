import type { StateDict } from '@unitsphere/core';
import type { CenterStore, PrepareRows, RowBlock, StoreFactory, StoreSpec } from './center-store.js';
import { stateToTables, tableNames, tableOf, tablesToState } from './memory-tables.js';
import { type RowAccess, stageRows } from './staged-block.js';
import { StoreGuard } from './store-guard.js';

/**
 * Returns a store that keeps the class centers in host memory. Only the sampled rows are transferred to the backend and
 * back. A row takes physical memory from its first use.
 */
export function hostStore(): StoreFactory {
  return (spec) => new HostStore(spec);
}

class HostStore implements CenterStore {
  readonly #tables: Map<string, Float32Array>;
  readonly #counts: Int32Array;
  readonly #lastSteps: Int32Array;
  /** 1 for each row that has its initial center. */
  readonly #initialized: Uint8Array;
  readonly #guard = new StoreGuard();

  constructor(readonly spec: StoreSpec) {
    const { rows, dimensions } = spec;
    this.#tables = new Map(tableNames(spec).map((name) => [name, new Float32Array(rows * dimensions)]));
    this.#counts = new Int32Array(rows);
    this.#lastSteps = new Int32Array(rows);
    this.#initialized = new Uint8Array(rows);
  }

  async gather(rows: Int32Array, prepare?: PrepareRows): Promise<RowBlock> {
    this.#guard.check();
    for (const row of rows) this.#initialize(row);
    return stageRows(this.spec, this.#accessTo(rows), prepare);
  }

  async readCenters(from: number, to: number): Promise<Float32Array> {
    this.#guard.check();
    const { dimensions } = this.spec;
    for (let row = from; row < to; row++) this.#initialize(row);
    return tableOf(this.#tables, 'weight').slice(from * dimensions, to * dimensions);
  }

  async save(): Promise<StateDict> {
    this.#guard.check();
    for (let row = 0; row < this.spec.rows; row++) this.#initialize(row);
    const tables = new Map([...this.#tables].map(([name, table]) => [name, table.slice()]));
    return tablesToState(this.spec, tables, this.#counts.slice(), this.#lastSteps.slice());
  }

  async checkpointWritten(): Promise<void> {}

  async restore(saved: StateDict): Promise<void> {
    const { tables, counts, lastSteps } = stateToTables(this.spec, saved);
    for (const [name, values] of tables) tableOf(this.#tables, name).set(values);
    this.#counts.set(counts);
    this.#lastSteps.set(lastSteps);
    this.#initialized.fill(1);
    this.#guard.unblock();
  }

  dispose(): void {
    this.#tables.clear();
  }

  #initialize(row: number): void {
    if (this.#initialized[row]) return;
    this.#initialized[row] = 1;
    const { firstClass, dimensions, initialRow } = this.spec;
    const centers = tableOf(this.#tables, 'weight');
    initialRow(firstClass + row, centers.subarray(row * dimensions, (row + 1) * dimensions));
  }

  #accessTo(rows: Int32Array): RowAccess {
    const { dimensions } = this.spec;
    const tables = [...this.#tables.values()];
    const row = (i: number, table: number) =>
      tables[table].subarray(rows[i] * dimensions, (rows[i] + 1) * dimensions);
    return {
      count: rows.length,
      read: (from, to, values) => {
        for (let i = from; i < to; i++) {
          values.forEach((target, table) => {
            target.set(row(i, table), (i - from) * dimensions);
          });
        }
      },
      steps: (i) => ({ count: this.#counts[rows[i]], lastStep: this.#lastSteps[rows[i]] }),
      write: (from, to, values, steps) => {
        for (let i = from; i < to; i++) {
          values.forEach((source, table) => {
            row(i, table).set(source.subarray((i - from) * dimensions, (i - from + 1) * dimensions));
          });
          const { count, lastStep } = steps(i);
          this.#counts[rows[i]] = count;
          this.#lastSteps[rows[i]] = lastStep;
        }
      },
      block: (reason) => this.#guard.block(reason),
    };
  }
}
