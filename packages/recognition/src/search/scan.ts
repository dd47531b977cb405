import type { Kernels } from './kernels.generated.js';
import type { Pointer } from './pointer.js';

/** Where rows lie in the memory of the kernels. */
export interface ScanLayout {
  readonly kind: 'float32' | 'int8';
  /** Bytes of a row, a multiple of 16. */
  readonly rowBytes: number;
  /** Address of the first group. */
  readonly groups: Pointer;
  readonly groupBytes: number;
  /** Offset in a group of the columns of int8 rows; in bytes. */
  readonly columns: number;
  /** Offset in a group of its identities, int32; in bytes. */
  readonly identities: number;
}

/** A query as the kernels read it. */
export interface ScanQuery {
  readonly address: Pointer;
  /** Value of one step of an int8 query; 1 for float32. */
  readonly step: number;
  /** The cosine of a row is the kernel's value plus this. */
  readonly offset: number;
  /** Bound of what the query's rounding and that of the arithmetic change. */
  readonly slack: number;
}

/** Part of the rows to scan. */
export interface ScanPart {
  readonly firstGroup: number;
  readonly endGroup: number;
  /** Number of rows of the whole index. */
  readonly rows: number;
}

/** Rows that may hold one of the k best identities: every row whose upper bound reaches the cut. */
export interface Candidates {
  readonly rows: Int32Array;
  readonly identities: Int32Array;
  /** Upper bounds of the cosines. */
  readonly uppers: Float64Array;
  /** Lower bounds of the cosines. */
  readonly lowers: Float64Array;
}

/** Number of rows in a group: the kernels' `GROUP`. */
export const GROUP = 1024;
/** Bytes of the column of one number per row of a group. */
export const COLUMN_BYTES = 4 * GROUP;

/**
 * Scans groups of rows for the candidates of each query. A group stays in cache while all queries scan it.
 * @param out Room for 8 bytes for each row of a group.
 */
export function scanGroups(
  kernels: Kernels,
  memory: WebAssembly.Memory,
  layout: ScanLayout,
  queries: readonly ScanQuery[],
  k: number,
  { firstGroup, endGroup, rows }: ScanPart,
  out: Pointer,
): Candidates[] {
  const found = queries.map(() => new CandidateList(k));
  const { buffer } = memory;
  const foundRows = new Int32Array(buffer, out, 2 * GROUP);
  const foundValues = new Float32Array(buffer, out, 2 * GROUP);
  for (let group = firstGroup; group < endGroup; group++) {
    const address = (layout.groups + group * layout.groupBytes) as Pointer;
    const columns = (address + layout.columns) as Pointer;
    const count = Math.min(GROUP, rows - group * GROUP);
    const identities = new Int32Array(buffer, address + layout.identities, GROUP);
    const errors =
      layout.kind === 'int8' ? new Float32Array(buffer, columns + 2 * COLUMN_BYTES, GROUP) : undefined;
    for (let q = 0; q < queries.length; q++) {
      const { address: query, step, offset, slack } = queries[q];
      const list = found[q];
      const cut = list.cut - offset - slack;
      const length = errors
        ? kernels.scanInt8(address, layout.rowBytes, columns, count, query, step, cut, out)
        : kernels.scanFloat32(address, layout.rowBytes, count, query, cut, out);
      for (let n = 0; n < length; n++) {
        const row = foundRows[2 * n];
        const upper = foundValues[2 * n + 1] + offset + slack;
        const lower = upper - 2 * (slack + (errors ? errors[row] : 0));
        list.add(group * GROUP + row, identities[row], upper, lower);
      }
    }
  }
  return found.map((list) => list.finish());
}

/** Collects rows that may hold one of the k best identities, and raises the cut that they must reach. */
class CandidateList {
  /** The k-th highest lower bound of an identity, or -Infinity until k identities are known. */
  cut = Number.NEGATIVE_INFINITY;
  readonly #k: number;
  /** The k identities with the highest lower bounds so far, and the bounds. */
  readonly #best = new Map<number, number>();
  #rows: number[] = [];
  #identities: number[] = [];
  #uppers: number[] = [];
  #lowers: number[] = [];
  #pruneAt = 4096;

  constructor(k: number) {
    this.#k = k;
  }

  add(row: number, identity: number, upper: number, lower: number): void {
    if (upper < this.cut) return;
    this.#rows.push(row);
    this.#identities.push(identity);
    this.#uppers.push(upper);
    this.#lowers.push(lower);
    if (lower > this.cut) this.#raise(identity, lower);
    if (this.#rows.length >= this.#pruneAt) {
      this.#prune();
      this.#pruneAt = Math.max(4096, 2 * this.#rows.length);
    }
  }

  finish(): Candidates {
    this.#prune();
    return {
      rows: Int32Array.from(this.#rows),
      identities: Int32Array.from(this.#identities),
      uppers: Float64Array.from(this.#uppers),
      lowers: Float64Array.from(this.#lowers),
    };
  }

  #raise(identity: number, lower: number): void {
    const own = this.#best.get(identity);
    if (own !== undefined && own >= lower) return;
    this.#best.set(identity, lower);
    if (this.#best.size < this.#k) return;
    let lowest = identity;
    let least = lower;
    for (const [other, bound] of this.#best) if (bound < least) [lowest, least] = [other, bound];
    if (this.#best.size === this.#k) {
      this.cut = least;
      return;
    }
    this.#best.delete(lowest);
    this.cut = Math.min(...this.#best.values());
  }

  #prune(): void {
    const kept = this.#uppers.flatMap((upper, n) => (upper >= this.cut ? [n] : []));
    const keep = (values: number[]) => kept.map((n) => values[n]);
    this.#rows = keep(this.#rows);
    this.#identities = keep(this.#identities);
    this.#uppers = keep(this.#uppers);
    this.#lowers = keep(this.#lowers);
  }
}
