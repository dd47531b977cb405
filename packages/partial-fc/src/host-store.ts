import type { StateDict } from '@unitsphere/core';
import type { CenterStore, HostRows, RowBlock, StoreFactory, StoreSpec } from './center-store.js';
import { stateToTables, tableNames, tablesToState } from './memory-tables.js';
import { StagedBlock } from './staged-block.js';

/**
 * Class centres in the host's memory: only the sampled rows go up to the backend and come back. A row takes memory from
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

  constructor(readonly spec: StoreSpec) {
    const { rows, dimensions } = spec;
    this.#tables = new Map(tableNames(spec).map((name) => [name, new Float32Array(rows * dimensions)]));
    this.#counts = new Int32Array(rows);
    this.#lastSteps = new Int32Array(rows);
    this.#made = new Uint8Array(rows);
  }

  async gather(rows: Int32Array, prepare?: (rows: HostRows) => void): Promise<RowBlock> {
    const { dimensions } = this.spec;
    for (const row of rows) this.#make(row);
    const staged: HostRows = {
      tables: new Map(
        [...this.#tables].map(([name, table]) => {
          const out = new Float32Array(rows.length * dimensions);
          rows.forEach((row, i) => {
            out.set(table.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
          });
          return [name, out];
        }),
      ),
      counts: rows.map((row) => this.#counts[row]!),
      lastSteps: rows.map((row) => this.#lastSteps[row]!),
    };
    if (prepare) {
      prepare(staged);
      this.#write(rows, staged);
    }
    return new StagedBlock(staged, dimensions, (updated) => this.#write(rows, updated));
  }

  async readCenters(from: number, to: number): Promise<Float32Array> {
    const { dimensions } = this.spec;
    for (let row = from; row < to; row++) this.#make(row);
    return this.#tables.get('weight')!.slice(from * dimensions, to * dimensions);
  }

  async save(): Promise<StateDict> {
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

  #write(rows: Int32Array, { tables, counts, lastSteps }: HostRows): void {
    const { dimensions } = this.spec;
    for (const [name, values] of tables) {
      const table = this.#tables.get(name)!;
      rows.forEach((row, i) => {
        table.set(values.subarray(i * dimensions, (i + 1) * dimensions), row * dimensions);
      });
    }
    rows.forEach((row, i) => {
      this.#counts[row] = counts[i]!;
      this.#lastSteps[row] = lastSteps[i]!;
    });
  }
}
