import * as tf from '@tensorflow/tfjs-core';
import { readTensors, writeTensors } from '@unitsphere/ops';
import type { HostRows, PrepareRows, RowBlock, RowsInPlace, RowTables, StoreSpec } from './center-store.js';
import { tableNames } from './memory-tables.js';

/** Values of a table that are on their way at a time: 2 MiB, so that a part is in the processor's cache while it is changed. */
const PART = 2 ** 19;

/** When a row was updated. */
export interface RowSteps {
  count: number;
  lastStep: number;
}

/** The rows that were asked of a store in the host's memory or behind it, by their place in the request. */
export interface RowAccess {
  /** How many. */
  readonly count: number;
  /** Copies rows from … to − 1 out, an array for each table; of the first tables alone where fewer are given. */
  read(from: number, to: number, values: readonly Float32Array[]): void;
  /** Of a row that was just read. */
  steps(i: number): RowSteps;
  /** Where the rows of the request lie, if kernels can work there. */
  inPlace?(): RowsInPlace | undefined;
  /** Keeps rows from … to − 1, an array for each table; of none where all were changed in place. */
  write(from: number, to: number, values: readonly Float32Array[], steps: (i: number) => RowSteps): void;
  /** Rows from … to − 1 are not asked for again. */
  release?(from: number, to: number): void;
  /** A part of a change was kept and the rest was not: no row may be used any more. */
  torn(why: string): void;
}

/** Brings the centers of rows to the backend, after prepare() has changed them. The rest follows when it is updated. */
export async function stageRows(spec: StoreSpec, rows: RowAccess, prepare?: PrepareRows): Promise<RowBlock> {
  if (prepare) await prepareRows(spec, rows, prepare);
  const counts = new Int32Array(rows.count);
  const there = rows.inPlace?.();
  const centers = there
    ? there.memory.gather(there.begins, spec.dimensions)
    : (writeTensors([[rows.count, spec.dimensions]], (values) =>
        rows.read(0, rows.count, values),
      )[0] as tf.Tensor2D);
  for (let i = 0; i < counts.length; i++) counts[i] = rows.steps(i).count;
  return there
    ? new BlockInPlace(spec, rows, centers, counts, there)
    : new StagedBlock(spec, rows, centers, counts);
}

async function prepareRows(spec: StoreSpec, rows: RowAccess, prepare: PrepareRows): Promise<void> {
  await keepWhole(rows, async (keep) => {
    for (const [from, to] of parts(spec, rows.count)) {
      const names = tableNames(spec);
      const values = names.map(() => new Float32Array((to - from) * spec.dimensions));
      rows.read(from, to, values);
      const steps = Array.from({ length: to - from }, (_, i) => rows.steps(from + i));
      const staged: HostRows = {
        tables: new Map(names.map((name, i) => [name, values[i]])),
        counts: Int32Array.from(steps, ({ count }) => count),
        lastSteps: Int32Array.from(steps, ({ lastStep }) => lastStep),
      };
      prepare(staged, from);
      keep(from, to, values, (i) => ({
        count: staged.counts[i - from],
        lastStep: staged.lastSteps[i - from],
      }));
    }
  });
}

/** Rows whose centers are on the backend, and which go there and back a part at a time when they are updated. */
class StagedBlock implements RowBlock {
  constructor(
    readonly spec: StoreSpec,
    readonly rows: RowAccess,
    readonly centers: tf.Tensor2D,
    readonly counts: Int32Array,
  ) {}

  async update(fn: (rows: RowTables, from: number, to: number) => void, step: number): Promise<void> {
    const { spec, rows, counts } = this;
    await keepWhole(rows, async (keep) => {
      // Backwards: a cache that holds less than the sample has its last rows.
      for (const [from, to] of [...parts(spec, rows.count)].reverse()) {
        const tables = this.#upload(from, to);
        const ids = tf.range(0, to - from, 1, 'int32');
        try {
          fn({ tables, ids }, from, to);
          await readTensors([...tables.values()], (values) =>
            keep(from, to, values, (i) => ({ count: counts[i] + 1, lastStep: step })),
          );
          rows.release?.(from, to);
        } finally {
          tf.dispose([ids, ...tables.values()]);
        }
      }
    });
  }

  dispose(): void {
    this.centers.dispose();
  }

  #upload(from: number, to: number): Map<string, tf.Variable> {
    const names = tableNames(this.spec);
    const shape = [to - from, this.spec.dimensions];
    const variables = tf.tidy(() =>
      writeTensors(
        names.map(() => shape),
        (values) => this.rows.read(from, to, values),
      ).map((tensor) => tf.variable(tensor, false)),
    );
    return new Map(names.map((name, i) => [name, variables[i]]));
  }
}

/** Rows that need not go to the backend to be updated. */
class BlockInPlace extends StagedBlock {
  constructor(
    spec: StoreSpec,
    rows: RowAccess,
    centers: tf.Tensor2D,
    counts: Int32Array,
    readonly there: RowsInPlace,
  ) {
    super(spec, rows, centers, counts);
  }

  async updateInPlace(
    fn: (rows: RowsInPlace, from: number, to: number) => Promise<void>,
    step: number,
  ): Promise<void> {
    const { spec, rows, counts, there } = this;
    await keepWhole(rows, async (keep) => {
      for (const [from, to] of parts(spec, rows.count)) {
        // First: where fn fails between two rows, some are changed.
        keep(from, to, [], (i) => ({ count: counts[i] + 1, lastStep: step }));
        await fn({ ...there, begins: there.begins.subarray(from, to) }, from, to);
        rows.release?.(from, to);
      }
    });
  }
}

/** Does what keeps rows in parts, and says so where it fails between two of them. */
async function keepWhole(rows: RowAccess, work: (keep: RowAccess['write']) => Promise<void>): Promise<void> {
  let begun = false;
  try {
    await work((...part) => {
      begun = true;
      rows.write(...part);
    });
  } catch (error) {
    if (begun) {
      rows.torn(
        `a step was not kept whole: ${(error as Error).message} Load the state of the last checkpoint.`,
      );
    }
    throw error;
  }
}

/** Where the parts of so many rows begin and end. */
function* parts({ dimensions }: StoreSpec, count: number): Generator<[number, number]> {
  const size = Math.max(1, Math.floor(PART / dimensions));
  for (let from = 0; from < count; from += size) yield [from, Math.min(from + size, count)];
}
