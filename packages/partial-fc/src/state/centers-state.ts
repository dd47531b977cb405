import type { StateDict } from '@unitsphere/core';

/** Part of a saved state that does not come from the store. */
export interface CentersState {
  /** Number of classes over all ranks. */
  classes: number;
  /** First class of the state's rows. */
  firstClass: number;
  /** Number of the state's rows. */
  rows: number;
  /** Number of applied steps. */
  step: number;
  /** Learning rate of each step; empty if the optimizer does not need them. */
  rates: Float64Array;
}

/** Tensor of [classes, firstClass, rows, step], int32. */
const CENTERS = 'centers';
/** Name of that tensor in states that were saved before it was called `centers`. */
const OLD_CENTERS = 'head';
const RATES = 'learning_rates';
/** Prefix of the loss's statistics. */
const LOSS_PREFIX = 'loss.';

/** Joins the parts of a saved state. */
export function encodeCentersState(
  { classes, firstClass, rows, step, rates }: CentersState,
  storeState: StateDict,
  lossState: StateDict = new Map(),
): StateDict {
  const state: StateDict = new Map(storeState);
  const numbers = Int32Array.of(classes, firstClass, rows, step);
  state.set(CENTERS, { dtype: 'I32', shape: [4], data: numbers });
  state.set(RATES, { dtype: 'F64', shape: [rates.length], data: rates });
  for (const [name, tensor] of lossState) state.set(LOSS_PREFIX + name, tensor);
  return state;
}

/** Inverse of {@link encodeCentersState}. @throws Error if the state was not saved by a PartialFC. */
export function decodeCentersState(state: StateDict): CentersState {
  const centers = state.get(CENTERS) ?? state.get(OLD_CENTERS);
  const rates = state.get(RATES);
  if (centers?.dtype !== 'I32' || centers.data.length !== 4 || rates?.dtype !== 'F64') {
    throw new Error(
      `PartialFC: this is not the state of a PartialFC: the tensor '${CENTERS}' or '${RATES}' is missing.`,
    );
  }
  const [classes, firstClass, rows, step] = centers.data as Int32Array;
  return { classes, firstClass, rows, step, rates: rates.data as Float64Array };
}

/** Returns the tensors of the store. */
export function storeStateOf(state: StateDict): StateDict {
  const own = (name: string) =>
    ![CENTERS, OLD_CENTERS, RATES].includes(name) && !name.startsWith(LOSS_PREFIX);
  return new Map([...state].filter(([name]) => own(name)));
}

/** Returns the statistics of the loss; empty if it has none. */
export function lossStateOf(state: StateDict): StateDict {
  const entries = [...state].filter(([name]) => name.startsWith(LOSS_PREFIX));
  return new Map(entries.map(([name, tensor]) => [name.slice(LOSS_PREFIX.length), tensor]));
}
