import type * as tf from '@tensorflow/tfjs-core';
import type { StateDict } from '@unitsphere/core';
import type { SharedRowMemory } from '@unitsphere/ops';
import type { InitialRow } from './initial-centers.js';

/** What a store is asked to hold: the class centers that a rank owns, and their optimizer's state. */
export interface StoreSpec {
  /** The number of the first class; row r of the store is class firstClass + r. */
  readonly firstClass: number;
  /** How many classes there are here; may be 0. */
  readonly rows: number;
  /** The length of a center. */
  readonly dimensions: number;
  /** The optimizer's tables beside the centers, by torch's names (`exp_avg`, …), each [rows, dimensions], 0 at first. */
  readonly stateNames: readonly string[];
  /** What a center is before its first update. */
  readonly initialRow: InitialRow;
}

/** Rows in the host's memory, in the order they were asked for. */
export interface HostRows {
  /** float32 [n, dimensions] by name: `weight`, the centers, and the spec's state names. */
  readonly tables: ReadonlyMap<string, Float32Array>;
  /** How many updates each row has had. */
  readonly counts: Int32Array;
  /** The step at which each row was last brought up to date; 0 for never. */
  readonly lastSteps: Int32Array;
}

/** Changes a part of the rows that are gathered, of which the first is at place `from`. */
export type PrepareRows = (rows: HostRows, from: number) => void;

/** Rows as an optimizer updates them: places in tables on the backend. */
export interface RowTables {
  /** float32 [any, dimensions] by name: `weight` and the state names. Only the rows of `ids` may be changed. */
  readonly tables: ReadonlyMap<string, tf.Variable>;
  /** int32 [n]: where in the tables the rows are. */
  readonly ids: tf.Tensor1D;
}

/** Rows where a store keeps them, in memory that kernels work in. */
export interface RowsInPlace {
  readonly memory: SharedRowMemory;
  /** Where the rows' centers begin in it: byte addresses. */
  readonly begins: Uint32Array;
  /** How far from there a row of each table begins, in bytes, by name: `weight`, 0, and the state names. */
  readonly columns: ReadonlyMap<string, number>;
}

/** Rows of a store during one step. */
export interface RowBlock {
  /** float32 [n, dimensions]: the centers, in the order asked for. The block's own: not to be disposed. */
  readonly centers: tf.Tensor2D;
  /** How many updates each row has had before this step. */
  readonly counts: Int32Array;
  /**
   * Lets fn change the rows and keeps the outcome, counted as one update of each, at the given step. Once a block.
   * @param fn Called for one part of the rows after another: for those from … to − 1 of the block, in their order.
   * @throws Error where it cannot be kept (a full disk). Where a part of it was, the store gives no rows until a state is
   *   restored.
   */
  update(fn: (rows: RowTables, from: number, to: number) => void, step: number): Promise<void>;
  /**
   * update() of the rows where the store keeps them, for an optimizer that can: they need not go to the backend and back.
   * Absent where they are not in such memory.
   */
  updateInPlace?(
    fn: (rows: RowsInPlace, from: number, to: number) => Promise<void>,
    step: number,
  ): Promise<void>;
  /** Frees the block's tensors. */
  dispose(): void;
}

/** Where a rank's class centers live. One step's rows are on loan at a time. */
export interface CenterStore {
  readonly spec: StoreSpec;
  /**
   * Lends rows.
   * @param rows Row numbers, ascending, each once.
   * @param prepare Changes the rows in place before anything sees them, and their lastSteps; the outcome is kept. Called
   *   for one part of them after another, with the place of its first in `rows`.
   */
  gather(rows: Int32Array, prepare?: PrepareRows): Promise<RowBlock>;
  /** Says which rows the next gather is likely to ask for: where reading takes time, it can begin. */
  prefetch?(rows: Int32Array): void;
  /** The centers of rows from … to − 1, float32 [to − from, dimensions], in the host's memory. */
  readCenters(from: number, to: number): Promise<Float32Array>;
  /**
   * What a checkpoint needs to bring this state back. A store in memory gives all of it; one in a file fixes the state
   * as a generation on the disk and gives its number.
   */
  save(): Promise<StateDict>;
  /** Says that the checkpoint with what save() gave last is safely on the disk. */
  checkpointWritten(): Promise<void>;
  /** Brings back what a save() gave. @throws Error where it does not fit; nothing is changed then. */
  restore(saved: StateDict): Promise<void>;
  /** Frees tensors and closes files; nothing is written. */
  dispose(): void;
}

/** Makes a store of the size that the head finds this rank to need. */
export type StoreFactory = (spec: StoreSpec) => CenterStore;
