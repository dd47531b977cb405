import type { HostTensor, StateDict } from '@unitsphere/core';
import type { StoreSpec } from '../stores/center-store.js';
import { type CentersState, decodeCentersState, storeStateOf } from './centers-state.js';
import { isFileTensor } from './file-state.js';

/** Saved state of one rank. */
interface Shard {
  centers: CentersState;
  tensors: StateDict;
}

/** A part of the wanted rows in the state of one rank. */
interface Part {
  shard: Shard;
  /** First and last + 1 of the rows to take from the shard. */
  begin: number;
  end: number;
  /** Index of the first of them among the wanted rows. */
  at: number;
}

/**
 * Checks the states of all ranks and returns what they have in common.
 * @throws Error if they are of another number of classes or of different steps.
 */
export function checkShards(states: readonly StateDict[], classes: number): CentersState {
  const [first, ...others] = states.map(decodeCentersState);
  if (!first) throw new Error('PartialFC: loadStateDict needs the state of at least one rank.');
  for (const shard of [first, ...others]) {
    if (shard.classes !== classes) {
      throw new Error(`PartialFC: the saved state has ${shard.classes} classes, but there are ${classes}.`);
    }
    if (shard.step !== first.step) {
      throw new Error(
        `PartialFC: the saved states are of steps ${first.step} and ${shard.step}. Load states of the same checkpoint.`,
      );
    }
  }
  return first;
}

/**
 * Returns the store's state for one rank from the states of all ranks, whose number may have been different.
 * @throws Error if a row is missing.
 */
export function rowsFromShards(spec: StoreSpec, states: readonly StateDict[]): StateDict {
  const shards = states.map((state) => ({
    centers: decodeCentersState(state),
    tensors: storeStateOf(state),
  }));
  const same = shards.find(
    ({ centers }) => centers.firstClass === spec.firstClass && centers.rows === spec.rows,
  );
  if (same) return same.tensors;
  const parts = partsOf(spec, shards);
  const out: StateDict = new Map();
  for (const [name, tensor] of shards[0].tensors) out.set(name, joinParts(name, tensor, parts, spec.rows));
  return out;
}

/** Finds the parts of a rank's rows in ascending order. */
function partsOf(spec: StoreSpec, shards: readonly Shard[]): Part[] {
  const last = spec.firstClass + spec.rows;
  const parts: Part[] = [];
  let next = spec.firstClass;
  const ascending = [...shards].sort((a, b) => a.centers.firstClass - b.centers.firstClass);
  for (const shard of ascending) {
    const { firstClass, rows } = shard.centers;
    if (next >= last || firstClass > next || firstClass + rows <= next) continue;
    const end = Math.min(firstClass + rows, last);
    parts.push({ shard, begin: next - firstClass, end: end - firstClass, at: next - spec.firstClass });
    next = end;
  }
  if (next < last) {
    throw new Error(
      `PartialFC: the saved states have no row for class ${next}. Load the states of all ranks of the checkpoint.`,
    );
  }
  return parts;
}

/** Joins the parts of one tensor. @param like Any rank's tensor of this name. */
function joinParts(name: string, like: HostTensor, parts: readonly Part[], rows: number): HostTensor {
  const rowShape = like.shape.slice(1);
  const width = rowShape.reduce((a, b) => a * b, 1);
  const joined = new (like.data.constructor as Float32ArrayConstructor)(rows * width);
  for (const { shard, begin, end, at } of parts) {
    const tensor = shard.tensors.get(name);
    // The state of a file has two values a tensor, which a rank with two classes would mistake for rows.
    if (!tensor || isFileTensor(name) || tensor.shape[0] !== shard.centers.rows) {
      throw new Error(
        `PartialFC: '${name}' does not have one row per class in the state whose first class is ${shard.centers.firstClass}. ` +
          'Centers in files must be opened by the number of ranks that wrote them.',
      );
    }
    joined.set((tensor.data as Float32Array).subarray(begin * width, end * width), at * width);
  }
  return { dtype: like.dtype, shape: [rows, ...rowShape], data: joined };
}
