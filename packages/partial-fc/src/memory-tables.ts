import type { HostTensor, StateDict } from '@unitsphere/core';
import type { StoreSpec } from './center-store.js';

/** The tables of a spec, by name: the centers first. */
export const tableNames = (spec: StoreSpec): string[] => ['weight', ...spec.stateNames];

/** A state dict of whole tables. */
export function tablesToState(
  spec: StoreSpec,
  tables: ReadonlyMap<string, Float32Array>,
  counts: Int32Array,
  lastSteps: Int32Array,
): StateDict {
  const shape = [spec.rows, spec.dimensions];
  const state: StateDict = new Map();
  for (const name of tableNames(spec)) state.set(name, { dtype: 'F32', shape, data: tables.get(name)! });
  state.set('row_counts', { dtype: 'I32', shape: [spec.rows], data: counts });
  state.set('row_last_steps', { dtype: 'I32', shape: [spec.rows], data: lastSteps });
  return state;
}

/** The other way. @throws Error where a table is missing or of another shape. */
export function stateToTables(spec: StoreSpec, state: StateDict) {
  const take = <T>(name: string, dtype: string, shape: number[]): T => {
    const tensor: HostTensor | undefined = state.get(name);
    if (!tensor) {
      throw new Error(
        `PartialFC: the saved state has no '${name}'. It is of another optimizer, or of a store of another kind.`,
      );
    }
    if (tensor.dtype !== dtype || tensor.shape.join() !== shape.join()) {
      throw new Error(
        `PartialFC: the saved '${name}' is ${tensor.dtype} of shape [${tensor.shape}], but ${dtype} of shape [${shape}] is needed.`,
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
