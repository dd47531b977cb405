import type * as tf from '@tensorflow/tfjs-core';
import type { StateDict } from '@unitsphere/core';
import type { SharedRowMemory } from '@unitsphere/ops';
import type { InitialRow } from './initial-centers.js';

/** Contents of a store: the class centers of one rank and the state of their optimizer. */
export interface StoreSpec {
  /** Number of the first class. Row r of the store belongs to class firstClass + r. */
  readonly firstClass: number;
  /** Number of classes in the store; may be 0. */
  readonly rows: number;
  /** Length of a center. */
  readonly dimensions: number;
  /** Names of the optimizer's tables as in torch (`exp_avg`, …), each [rows, dimensions] and initially 0. */
  readonly stateNames: readonly string[];
  /** Writes the initial center of a class. */
  readonly initialRow: InitialRow;
}

/** Rows in host memory, in the order of the request. */
export interface HostRows {
  /** float32 [n, dimensions] by name: `weight` (the centers) and the state names of the spec. */
  readonly tables: ReadonlyMap<string, Float32Array>;
  /** Number of updates of each row. */
  readonly counts: Int32Array;
  /** Step at which each row was last brought up to date; 0 for never. */
  readonly lastSteps: Int32Array;
}

/** Changes a part of the gathered rows in place. The part begins at index `from` of the request. */
export type PrepareRows = (rows: HostRows, from: number) => void;

/** Rows of tables on the backend, as an optimizer updates them. */
export interface RowTables {
  /** float32 [any, dimensions] by name: `weight` and the state names. Only the rows `ids` may be changed. */
  readonly tables: ReadonlyMap<string, tf.Variable>;
  /** int32 [n]: indices of the rows in the tables. */
  readonly ids: tf.Tensor1D;
}

/** Rows in the memory of a store that kernels can work on. */
export interface RowsInPlace {
  readonly memory: SharedRowMemory;
  /** Byte addresses in `memory` at which the rows begin. */
  readonly begins: Uint32Array;
  /** Byte offset of each table from the beginning of a row, by name: `weight` at 0, and the state names. */
  readonly columns: ReadonlyMap<string, number>;
}

/** Rows of a store during one step. */
export interface RowBlock {
  /** float32 [n, dimensions]: the centers, in the order of the request. Owned by the block; do not dispose. */
  readonly centers: tf.Tensor2D;
  /** Number of updates of each row before this step. */
  readonly counts: Int32Array;
  /**
   * Calls `fn` to change the rows and stores the result as one update of each row. Can be called once per block.
   * @param fn Called for consecutive parts of the rows: those from … to − 1 of the block.
   * @param step Number of this step, counted from 1.
   * @throws Error if the result cannot be stored, for example on a full disk. If a part was stored, the store refuses its
   *   rows until a state is restored.
   */
  update(fn: (rows: RowTables, from: number, to: number) => void, step: number): Promise<void>;
  /**
   * Like `update`, in the memory of the store, without a transfer to the backend. Absent if the rows are not in such
   * memory.
   */
  updateInPlace?(
    fn: (rows: RowsInPlace, from: number, to: number) => Promise<void>,
    step: number,
  ): Promise<void>;
  /** Disposes the block's tensors. */
  dispose(): void;
}

/** Storage of one rank's class centers. Only one block of rows is in use at a time. */
export interface CenterStore {
  readonly spec: StoreSpec;
  /**
   * Gathers the rows of a step.
   * @param rows Row numbers, ascending, without duplicates.
   * @param prepare Changes the rows and their `lastSteps` before they are used; the result is stored. Called for
   *   consecutive parts of the rows.
   */
  gather(rows: Int32Array, prepare?: PrepareRows): Promise<RowBlock>;
  /** Announces the rows of the next `gather`, so that a slow store can begin to read them. */
  prefetch?(rows: Int32Array): void;
  /** Returns the centers of rows from … to − 1, float32 [to − from, dimensions]. */
  readCenters(from: number, to: number): Promise<Float32Array>;
  /**
   * Returns the state for a checkpoint. A store in memory returns all rows. A store in a file seals them as a generation
   * on disk and returns its number.
   */
  save(): Promise<StateDict>;
  /** Confirms that the checkpoint with the last saved state is on disk. */
  checkpointWritten(): Promise<void>;
  /**
   * Whether `restore` takes the saved state of all ranks' files, whose number may differ from that of the ranks. All ranks then call
   * it together.
   */
  readonly restoresAllFiles?: boolean;
  /** Restores a saved state. @throws Error if it does not fit; nothing is changed then. */
  restore(saved: StateDict): Promise<void>;
  /** Disposes tensors and closes files without writing. */
  dispose(): void;
}

/** Creates the store of one rank. */
export type StoreFactory = (spec: StoreSpec) => CenterStore;
