import type { StateDict } from '@unitsphere/core';
import type { CenterStore, PrepareRows, RowBlock, StoreFactory, StoreSpec } from './center-store.js';
import { CenterStoreError } from './errors.js';
import { stateToTables, tableNames, tablesToState } from './memory-tables.js';
import { type RowAccess, stageRows } from './staged-block.js';

/**
 * Class centers in the host's memory: only the sampled rows go up to the backend and come back. A row takes memory from
 * its first use on.
 */
export function hostStore(): StoreFactory {
  return (spec) => new HostStore(spec);
}

class HostStore implements CenterStore {
  readonly #tables: Map<string, Float32Array>;
  readonly #counts: Int32Array;
  readonly #lastSteps: Int32Array;
  readonly #made: Uint8Array;
  /** Why the rows cannot be used, until a state is restored. */
  #unusable: string | undefined;

  constructor(readonly spec: StoreSpec) {
    const { rows, dimensions } = spec;
    this.#tables = new Map(tableNames(spec).map((name) => [name, new Float32Array(rows * dimensions)]));
    this.#counts = new Int32Array(rows);
    this.#lastSteps = new Int32Array(rows);
    this.#made = new Uint8Array(rows);
  }

  async gather(rows: Int32Array, prepare?: PrepareRows): Promise<RowBlock> {
    this.#usable();
    for (const row of rows) this.#make(row);
    return stageRows(this.spec, this.#accessTo(rows), prepare);
  }

  async readCenters(from: number, to: number): Promise<Float32Array> {
    this.#usable();
    const { dimensions } = this.spec;
    for (let row = from; row < to; row++) this.#make(row);
    return this.#tables.get('weight')!.slice(from * dimensions, to * dimensions);
  }

  async save(): Promise<StateDict> {
    this.#usable();
    for (let row = 0; row < this.spec.rows; row++) this.#make(row);
    const tables = new Map([...this.#tables].map(([name, table]) => [name, table.slice()]));
    return tablesToState(this.spec, tables, this.#counts.slice(), this.#lastSteps.slice());
  }

  async checkpointWritten(): Promise<void> {}

  async restore(saved: StateDict): Promise<void> {
    const { tables, counts, lastSteps } = stateToTables(this.spec, saved);
    for (const [name, values] of tables) this.#tables.get(name)!.set(values);
    this.#counts.set(counts);
    this.#lastSteps.set(lastSteps);
    this.#made.fill(1);
    this.#unusable = undefined;
  }

  dispose(): void {
    this.#tables.clear();
  }

  #make(row: number): void {
    if (this.#made[row]) return;
    this.#made[row] = 1;
    const { firstClass, dimensions, initialRow } = this.spec;
    const centers = this.#tables.get('weight')!;
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
          values.forEach((of, table) => {
            of.set(row(i, table), (i - from) * dimensions);
          });
        }
      },
      steps: (i) => ({ count: this.#counts[rows[i]], lastStep: this.#lastSteps[rows[i]] }),
      write: (from, to, values, steps) => {
        for (let i = from; i < to; i++) {
          values.forEach((of, table) => {
            row(i, table).set(of.subarray((i - from) * dimensions, (i - from + 1) * dimensions));
          });
          const { count, lastStep } = steps(i);
          this.#counts[rows[i]] = count;
          this.#lastSteps[rows[i]] = lastStep;
        }
      },
      torn: (why) => {
        this.#unusable = why;
      },
    };
  }

  #usable(): void {
    if (this.#unusable) throw new CenterStoreError(this.#unusable);
  }
}
