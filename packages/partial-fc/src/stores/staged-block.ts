import * as tf from '@tensorflow/tfjs-core';
import { readTensors, writeTensors } from '@unitsphere/ops';
import type { HostRows, PrepareRows, RowBlock, RowsInPlace, RowTables, StoreSpec } from './center-store.js';
import { tableNames } from './memory-tables.js';

/** Values of a table in a part: 2 MiB, so that a part stays in the processor's cache while it is changed. */
const PART = 2 ** 19;

/** Number of updates of a row and the step of the last one. */
export interface RowSteps {
  count: number;
  lastStep: number;
}

/** Access to the requested rows of a store in host memory or in a file, by their index in the request. */
export interface RowAccess {
  /** Number of rows. */
  readonly count: number;
  /** Copies rows from … to − 1 into one array per table. Fewer arrays copy the first tables only. */
  read(from: number, to: number, values: readonly Float32Array[]): void;
  /** Returns the update count and last step of a row that was just read. */
  steps(i: number): RowSteps;
  /** Returns the rows as they are in memory; undefined if kernels cannot work there. */
  inPlace?(): RowsInPlace | undefined;
  /** Stores rows from … to − 1 from one array per table. No arrays means that the rows were changed in place. */
  write(from: number, to: number, values: readonly Float32Array[], steps: (i: number) => RowSteps): void;
  /** Allows rows from … to − 1 to be evicted: this step does not use them again. */
  release?(from: number, to: number): void;
  /** Refuses all rows because only a part of a change was stored. */
  block(reason: string): void;
}

/** Transfers the centers of rows to the backend, after `prepare` has changed them. Other tables follow in the update. */
export async function stageRows(spec: StoreSpec, rows: RowAccess, prepare?: PrepareRows): Promise<RowBlock> {
  if (prepare) await prepareRows(spec, rows, prepare);
  const counts = new Int32Array(rows.count);
  const inPlace = rows.inPlace?.();
  const centers = inPlace
    ? inPlace.memory.gather(inPlace.begins, spec.dimensions)
    : (writeTensors([[rows.count, spec.dimensions]], (values) =>
        rows.read(0, rows.count, values),
      )[0] as tf.Tensor2D);
  for (let i = 0; i < counts.length; i++) counts[i] = rows.steps(i).count;
  return inPlace
    ? new InPlaceBlock(spec, rows, centers, counts, inPlace)
    : new StagedBlock(spec, rows, centers, counts);
}

async function prepareRows(spec: StoreSpec, rows: RowAccess, prepare: PrepareRows): Promise<void> {
  await writeParts(rows, async (write) => {
    for (const [from, to] of partsOf(spec, rows.count)) {
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
      write(from, to, values, (i) => ({
        count: staged.counts[i - from],
        lastStep: staged.lastSteps[i - from],
      }));
    }
  });
}

/** Rows whose centers are on the backend. An update transfers all tables there and back, one part at a time. */
class StagedBlock implements RowBlock {
  constructor(
    readonly spec: StoreSpec,
    readonly rows: RowAccess,
    readonly centers: tf.Tensor2D,
    readonly counts: Int32Array,
  ) {}

  async update(fn: (rows: RowTables, from: number, to: number) => void, step: number): Promise<void> {
    const { spec, rows, counts } = this;
    await writeParts(rows, async (write) => {
      // In reverse order, because a cache smaller than the sample contains its last rows.
      for (const [from, to] of [...partsOf(spec, rows.count)].reverse()) {
        const tables = this.#upload(from, to);
        const ids = tf.range(0, to - from, 1, 'int32');
        try {
          fn({ tables, ids }, from, to);
          await readTensors([...tables.values()], (values) =>
            write(from, to, values, (i) => ({ count: counts[i] + 1, lastStep: step })),
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

/** Rows that can also be updated in the memory of the store. */
class InPlaceBlock extends StagedBlock {
  constructor(
    spec: StoreSpec,
    rows: RowAccess,
    centers: tf.Tensor2D,
    counts: Int32Array,
    readonly inPlace: RowsInPlace,
  ) {
    super(spec, rows, centers, counts);
  }

  async updateInPlace(
    fn: (rows: RowsInPlace, from: number, to: number) => Promise<void>,
    step: number,
  ): Promise<void> {
    const { spec, rows, counts, inPlace } = this;
    await writeParts(rows, async (write) => {
      for (const [from, to] of partsOf(spec, rows.count)) {
        // Before `fn`, because it may fail after it has changed some rows.
        write(from, to, [], (i) => ({ count: counts[i] + 1, lastStep: step }));
        await fn({ ...inPlace, begins: inPlace.begins.subarray(from, to) }, from, to);
        rows.release?.(from, to);
      }
    });
  }
}

/** Runs `work`, which writes rows in parts. If it fails after a first write, the rows are refused from then on. */
async function writeParts(
  rows: RowAccess,
  work: (write: RowAccess['write']) => Promise<void>,
): Promise<void> {
  let hasWritten = false;
  try {
    await work((...part) => {
      hasWritten = true;
      rows.write(...part);
    });
  } catch (error) {
    if (hasWritten) {
      rows.block(
        `a step was stored only in part: ${(error as Error).message} Load the state of the last checkpoint.`,
      );
    }
    throw error;
  }
}

/** Yields the begin and end of each part of `count` rows. */
function* partsOf({ dimensions }: StoreSpec, count: number): Generator<[number, number]> {
  const size = Math.max(1, Math.floor(PART / dimensions));
  for (let from = 0; from < count; from += size) yield [from, Math.min(from + size, count)];
}
