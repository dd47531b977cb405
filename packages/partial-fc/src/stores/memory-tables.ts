import type { StateDict } from '@unitsphere/core';
import type { StoreSpec } from './center-store.js';

/** Returns the names of a store's tables, the centers first. */
export const tableNames = (spec: StoreSpec): string[] => ['weight', ...spec.stateNames];

/** Returns a table by its name. @throws Error if it is missing. */
export function tableOf<T>(tables: ReadonlyMap<string, T>, name: string): T {
  const table = tables.get(name);
  if (table === undefined) throw new Error(`PartialFC: the store has no table '${name}'.`);
  return table;
}

/** Returns the state dict of whole tables. */
export function tablesToState(
  spec: StoreSpec,
  tables: ReadonlyMap<string, Float32Array>,
  counts: Int32Array,
  lastSteps: Int32Array,
): StateDict {
  const shape = [spec.rows, spec.dimensions];
  const state: StateDict = new Map();
  for (const name of tableNames(spec)) state.set(name, { dtype: 'F32', shape, data: tableOf(tables, name) });
  state.set('row_counts', { dtype: 'I32', shape: [spec.rows], data: counts });
  state.set('row_last_steps', { dtype: 'I32', shape: [spec.rows], data: lastSteps });
  return state;
}

/** Inverse of {@link tablesToState}. @throws Error if a table is missing or has another dtype or shape. */
export function stateToTables(spec: StoreSpec, state: StateDict) {
  const take = <T>(name: string, dtype: string, shape: number[]): T => {
    const tensor = state.get(name);
    if (!tensor) {
      throw new Error(
        `PartialFC: the saved state has no '${name}'. It was saved with another optimizer or another kind of store.`,
      );
    }
    if (tensor.dtype !== dtype || tensor.shape.join() !== shape.join()) {
      throw new Error(
        `PartialFC: the saved '${name}' is ${tensor.dtype} [${tensor.shape}], but ${dtype} [${shape}] is expected.`,
      );
    }
    return tensor.data as T;
  };
  const tables = new Map(
    tableNames(spec).map((name) => [name, take<Float32Array>(name, 'F32', [spec.rows, spec.dimensions])]),
  );
  return {
    tables,
    counts: take<Int32Array>('row_counts', 'I32', [spec.rows]),
    lastSteps: take<Int32Array>('row_last_steps', 'I32', [spec.rows]),
  };
}
