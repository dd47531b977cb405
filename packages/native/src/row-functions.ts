import type { Isa } from './isa.js';
import { loadedAddon, nativeStatus } from './load.js';

/** Functions on rows in memory that threads may share. Addresses are byte offsets in `memory`, multiples of 4. */
export interface RowFunctions {
  /** Copies rows of out.length / begins.length floats, which begin at `begins`, one after another to `out`. */
  gatherRows(memory: Uint8Array, begins: Uint32Array, out: Float32Array): void;
  /**
   * Takes one step of AdamW on rows of gradient.length / begins.length floats, bit-identical to the kernel `adamW`.
   * @param begins Addresses of the parameter's rows.
   * @param expAvg Offset of the mean of gradients from the parameter's row, and that of the mean of squares.
   * @param gradient One row for each address.
   * @param stepSizes lr / (1 − beta1^step) of each row.
   * @param corrections 1 / √(1 − beta2^step) of each row.
   * @param scale Factor of the gradient, then AdamW's numbers and the factor 1 − lr · weightDecay of the parameter.
   */
  adamWRows(
    memory: Uint8Array,
    begins: Uint32Array,
    expAvg: number,
    expAvgSq: number,
    gradient: Float32Array,
    stepSizes: Float32Array,
    corrections: Float32Array,
    scale: number,
    beta1: number,
    beta2: number,
    eps: number,
    decay: number,
  ): void;
  /**
   * Moves records from … to − 1 of a request of `@unitsphere/partial-fc`'s file store between memory and files: seals and writes
   * the leaving rows, then reads the coming ones, and stores the outcomes. Absent on Windows.
   */
  moveRows?(
    memory: Uint8Array,
    recordBytes: number,
    slots: Int32Array,
    leaving: Int32Array,
    writePositions: Float64Array,
    coming: Int32Array,
    readFds: Int32Array,
    readPositions: Float64Array,
    outcomes: Int32Array,
    writeFd: number,
    from: number,
    to: number,
  ): void;
}

/** The functions as the addon exports them. */
interface RowExports extends Omit<RowFunctions, 'adamWRows'> {
  adamWRows(isa: Isa, ...values: Parameters<RowFunctions['adamWRows']>): void;
}

/**
 * Returns the addon's functions on rows; undefined if there is no addon for this platform and processor, if it is faulty, or if
 * `UNITSPHERE_NATIVE=0` is set.
 */
export function rowFunctions(): RowFunctions | undefined {
  const { isa } = nativeStatus();
  const addon = loadedAddon() as unknown as RowExports | undefined;
  // A binary built before these functions has the same version in a clone.
  if (!isa || !addon?.gatherRows) return undefined;
  const { gatherRows, moveRows } = addon;
  return { gatherRows, moveRows, adamWRows: (...values) => addon.adamWRows(isa, ...values) };
}
