import type { HostTensor, StateDict } from '@unitsphere/core';
import type { StoreSpec } from './center-store.js';

/** What a head's saved state says beside its store's. */
export interface HeadState {
  classes: number;
  firstClass: number;
  rows: number;
  step: number;
  rates: Float64Array;
  /** The loss's statistics, where it has any. */
  loss?: StateDict;
}

/** What the names of the loss's statistics begin with. */
const LOSS_PREFIX = 'loss.';

/** Adds the head's own numbers to a store's saved state. */
export function withHeadState(store: StateDict, head: HeadState): StateDict {
  const state: StateDict = new Map(store);
  state.set('head', {
    dtype: 'I32',
    shape: [4],
    data: Int32Array.of(head.classes, head.firstClass, head.rows, head.step),
  });
  state.set('learning_rates', { dtype: 'F64', shape: [head.rates.length], data: head.rates });
  for (const [name, tensor] of head.loss ?? []) state.set(LOSS_PREFIX + name, tensor);
  return state;
}

/** The other way. @throws Error where it is no head's state. */
export function readHeadState(state: StateDict): HeadState {
  const [head, rates] = [state.get('head'), state.get('learning_rates')];
  if (head?.dtype !== 'I32' || head.data.length !== 4 || rates?.dtype !== 'F64') {
    throw new Error("PartialFC: this is no state of a PartialFC: 'head' or 'learning_rates' is missing.");
  }
  const [classes, firstClass, rows, step] = head.data as Int32Array;
  return {
    classes: classes,
    firstClass: firstClass,
    rows: rows,
    step: step,
    rates: rates.data as Float64Array,
  };
}

/** The statistics of the loss in a head's state; empty where it has none. */
export function lossStateOf(state: StateDict): StateDict {
  const entries = [...state].filter(([name]) => name.startsWith(LOSS_PREFIX));
  return new Map(entries.map(([name, tensor]) => [name.slice(LOSS_PREFIX.length), tensor]));
}

/** The rows of one rank, from the states of all ranks that were: their number may have been another. */
export function rowsFromShards(spec: StoreSpec, shards: readonly StateDict[]): StateDict {
  const heads = shards.map(readHeadState);
  const alone = heads.findIndex((head) => head.firstClass === spec.firstClass && head.rows === spec.rows);
  if (alone >= 0) return shards[alone];
  const out: StateDict = new Map();
  for (const name of shards[0].keys()) {
    if (name === 'head' || name === 'learning_rates' || name.startsWith(LOSS_PREFIX)) continue;
    const parts: { tensor: HostTensor; begin: number; end: number; at: number }[] = [];
    let next = spec.firstClass;
    const last = spec.firstClass + spec.rows;
    for (const [i, shard] of [...shards.entries()].sort(
      ([a], [b]) => heads[a].firstClass - heads[b].firstClass,
    )) {
      const { firstClass, rows } = heads[i];
      const tensor = shard.get(name);
      if (next >= last || firstClass > next || firstClass + rows <= next) continue;
      if (!tensor || tensor.shape[0] !== rows) {
        throw new Error(
          `PartialFC: '${name}' has no row for each class in the state of the rank of class ${firstClass}. ` +
            'Centers in a file are opened by as many ranks as wrote them.',
        );
      }
      const end = Math.min(firstClass + rows, last);
      parts.push({ tensor, begin: next - firstClass, end: end - firstClass, at: next - spec.firstClass });
      next = end;
    }
    if (next < last) {
      throw new Error(
        `PartialFC: the saved states have no row for class ${next}; give those of all ranks that wrote the checkpoint.`,
      );
    }
    const { dtype, shape, data } = shards[0].get(name)!;
    const width = shape.slice(1).reduce((a, b) => a * b, 1);
    const joined = new (data.constructor as Float32ArrayConstructor)(spec.rows * width);
    for (const { tensor, begin, end, at } of parts) {
      joined.set((tensor.data as Float32Array).subarray(begin * width, end * width), at * width);
    }
    out.set(name, { dtype, shape: [spec.rows, ...shape.slice(1)], data: joined });
  }
  return out;
}
