import type { Kernels } from './kernels.generated.js';
import { type CompiledKernels, compileKernels, kernelsOn } from './kernels.js';
import type { Pointer } from './pointer.js';
import { COLUMN_BYTES, GROUP, type ScanLayout, type ScanQuery } from './scan.js';

const PAGE = 65536;
/** Pages of the largest memory, 4 GiB. */
const MOST_PAGES = 65536;
/** Queries that are scanned together. */
export const BATCH = 16;
/** Largest value of a 7-bit query around its zero. */
const QUERY_STEPS = 63;
const QUERY_ZERO = 64;
const ROW_STEPS = 127;

/**
 * The copy of the rows that kernels scan: unit rows as float32, or int8 around the rows' common center with a bound of each
 * row's rounding. Rows lie in groups that hold everything about them, so that memory grows without moving a row.
 */
export class RowMemory {
  readonly layout: ScanLayout;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly compiled: CompiledKernels;
  readonly #dimensions: number;
  readonly #queryBytes: number;
  readonly #outs: number;
  /** Subtracted from unit rows before they are rounded to int8: it is alike in all of them, and needs no precision. */
  #center: Float64Array;
  /** Largest length of a rounded row. */
  #longest = 0;
  readonly #scratch: Float64Array;

  /** @param threads Number of threads that scan, each with an output of its own. */
  constructor(kind: ScanLayout['kind'], dimensions: number, threads: number) {
    const rowBytes = 16 * Math.ceil((dimensions * (kind === 'int8' ? 1 : 4)) / 16);
    this.#dimensions = dimensions;
    this.#queryBytes = 64 * Math.ceil((4 * dimensions) / 64);
    this.#outs = PAGE * (1 + Math.ceil((BATCH * this.#queryBytes) / PAGE));
    this.#center = new Float64Array(dimensions);
    this.#scratch = new Float64Array(dimensions);
    const columns = GROUP * rowBytes;
    const identities = columns + (kind === 'int8' ? 3 * COLUMN_BYTES : 0);
    this.layout = {
      kind,
      rowBytes,
      groups: (this.#outs + threads * PAGE) as Pointer,
      groupBytes: identities + COLUMN_BYTES,
      columns,
      identities,
    };
    const isShared = typeof SharedArrayBuffer !== 'undefined';
    this.compiled = compileKernels(isShared);
    this.memory = new WebAssembly.Memory({
      initial: this.layout.groups / PAGE,
      maximum: MOST_PAGES,
      shared: isShared,
    });
    this.kernels = kernelsOn(this.compiled.module, this.memory);
    if (this.kernels.GROUP.value !== GROUP) {
      throw new Error('The compiled kernels are of another version than this file. Rebuild the package.');
    }
  }

  /** Bytes of the memory. */
  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** Address of a thread's output. */
  outOf(thread: number): Pointer {
    return (this.#outs + thread * PAGE) as Pointer;
  }

  /** Sets the center to the mean of the unit rows. All rows must then be written again. */
  setCenter(rows: Iterable<{ values: Float32Array; inverseNorm: number }>, count: number): void {
    const center = new Float64Array(this.#dimensions);
    for (const { values, inverseNorm } of rows) {
      const scale = inverseNorm / count;
      for (let d = 0; d < center.length; d++) center[d] += values[d] * scale;
    }
    this.#center = center;
    this.#longest = 0;
  }

  /** Makes room for a number of rows. @throws RangeError if the memory cannot grow. */
  reserve(rows: number): void {
    const end = this.layout.groups + Math.ceil(rows / GROUP) * this.layout.groupBytes;
    const missing = Math.ceil(end / PAGE) - this.bytes / PAGE;
    if (missing <= 0) return;
    try {
      this.memory.grow(missing);
    } catch (cause) {
      throw new RangeError(
        `The index cannot grow to ${rows} templates of ${this.#dimensions} values: WebAssembly has no more than 4 GiB. ` +
          'Pass another `index`, such as `createUsearchIndex`.',
        { cause },
      );
    }
  }

  /** Writes a row, scaled to unit length. */
  write(row: number, identity: number, values: Float32Array, inverseNorm: number): void {
    const { buffer } = this.memory;
    const { kind, identities } = this.layout;
    const group = this.#group(row);
    const inGroup = row % GROUP;
    new Int32Array(buffer, group + identities, GROUP)[inGroup] = identity;
    if (kind === 'int8') this.#writeInt8(group, inGroup, values, inverseNorm);
    else {
      const target = new Float32Array(buffer, group, (GROUP * this.layout.rowBytes) / 4);
      const first = (inGroup >> 2) * this.layout.rowBytes + (inGroup & 3) * 4;
      for (let d = 0; d < values.length; d++) {
        target[first + (d >> 2) * 16 + (d & 3)] = values[d] * inverseNorm;
      }
    }
  }

  setIdentity(row: number, identity: number): void {
    new Int32Array(this.memory.buffer, this.#group(row) + this.layout.identities, GROUP)[row % GROUP] =
      identity;
  }

  /** Writes query `slot` of a batch. */
  writeQuery(slot: number, values: Float32Array, inverseNorm: number): ScanQuery {
    const address = (PAGE + slot * this.#queryBytes) as Pointer;
    const { buffer } = this.memory;
    const { length } = values;
    // The kernels sum in float32: a quarter of the dimensions in each of four sums.
    const rounding = (length / 4 + 16) * 2 ** -23;
    if (this.layout.kind === 'float32') {
      const target = new Float32Array(buffer, address, this.layout.rowBytes / 4);
      for (let d = 0; d < length; d++) target[d] = values[d] * inverseNorm;
      return { address, step: 1, offset: 0, slack: rounding };
    }
    const { isRelaxed } = this.compiled;
    const target = isRelaxed
      ? new Uint8Array(buffer, address, this.layout.rowBytes)
      : new Int16Array(buffer, address, this.layout.rowBytes);
    let largest = 0;
    let offset = 0;
    for (let d = 0; d < length; d++) {
      const value = values[d] * inverseNorm;
      largest = Math.max(largest, Math.abs(value));
      offset += value * this.#center[d];
    }
    const step = Math.fround(largest / QUERY_STEPS);
    let squares = 0;
    for (let d = 0; d < length; d++) {
      const value = values[d] * inverseNorm;
      const steps = Math.round(value / step);
      squares += (value - step * steps) ** 2;
      target[d] = steps + QUERY_ZERO;
    }
    return { address, step, offset, slack: Math.sqrt(squares) * this.#longest + rounding };
  }

  #writeInt8(group: Pointer, row: number, values: Float32Array, inverseNorm: number): void {
    const { buffer } = this.memory;
    const { rowBytes, columns } = this.layout;
    const target = new Int8Array(buffer, group, GROUP * rowBytes);
    const column = (n: number) => new Float32Array(buffer, group + columns + n * COLUMN_BYTES, GROUP);
    const rest = this.#scratch;
    let largest = 0;
    for (let d = 0; d < values.length; d++) {
      rest[d] = values[d] * inverseNorm - this.#center[d];
      largest = Math.max(largest, Math.abs(rest[d]));
    }
    // The smallest normal float32 keeps the scale of rows that equal the center from being 0.
    const scale = Math.fround(Math.max(largest / ROW_STEPS, 2 ** -126));
    const first = (row >> 2) * 4 * rowBytes + (row & 3) * 16;
    let errors = 0;
    let squares = 0;
    let sum = 0;
    for (let d = 0; d < values.length; d++) {
      const steps = Math.round(rest[d] / scale);
      target[first + (d >> 4) * 64 + (d & 15)] = steps;
      errors += (rest[d] - scale * steps) ** 2;
      squares += (scale * steps) ** 2;
      sum += steps;
    }
    column(0)[row] = scale;
    column(1)[row] = QUERY_ZERO * sum;
    // Rounded up, because it is a bound.
    column(2)[row] = Math.sqrt(errors) * (1 + 2 ** -22);
    this.#longest = Math.max(this.#longest, Math.sqrt(squares));
  }

  #group(row: number): Pointer {
    return (this.layout.groups + Math.floor(row / GROUP) * this.layout.groupBytes) as Pointer;
  }
}
