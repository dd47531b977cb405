import type { GalleryIndex, IndexedTemplate, IndexMatch } from './gallery-index.js';
import { BATCH, RowMemory } from './row-memory.js';
import { norm, RowTable } from './row-table.js';
import { type Candidates, GROUP, scanGroups } from './scan.js';
import { countThreads, ScanThread } from './scan-threads.js';

/** Options of an exact index. They change speed and memory, never a result. */
export interface ExactIndexOptions {
  /**
   * What the first pass over the rows reads. `int8` (default) reads a quarter of the bytes of `float32`. It bounds each cosine
   * from rounded rows, and computes those that may be among the best from the embeddings themselves. Memory for a value of
   * an embedding: 5 bytes with `int8`, 8 with `float32`.
   */
  scan?: 'float32' | 'int8';
  /**
   * Largest number of threads of a search, the caller's included. Default: one per core, or 1 where threads cannot share
   * memory, such as pages without cross-origin isolation. Small galleries are searched by the caller's thread alone.
   */
  threads?: number;
}

/** Number of values of embeddings that make a second thread worth its message. */
const VALUES_PER_THREAD = 4_000_000;
/** Beyond this number of rows, the center is known well enough. */
const MOST_CENTER_ROWS = 65_536;

/** Finds the best identities by scanning every template. */
export class ExactIndex implements GalleryIndex {
  readonly isExact = true;
  readonly #table: RowTable;
  readonly #memory: RowMemory;
  readonly #mostThreads: number;
  #threads: ScanThread[] = [];
  /** Number of rows at which the center is computed anew. */
  #nextCenter = 64;

  /** @throws RangeError if an option is out of range. */
  constructor(dimensions: number, { scan = 'int8', threads = countThreads() }: ExactIndexOptions = {}) {
    if (!Number.isInteger(threads) || threads < 1) {
      throw new RangeError(`threads must be an integer of at least 1, got ${threads}.`);
    }
    this.#mostThreads = Math.min(threads, countThreads());
    this.#table = new RowTable(dimensions);
    this.#memory = new RowMemory(scan, dimensions, this.#mostThreads);
  }

  get size(): number {
    return this.#table.size;
  }

  /** Bytes of the memory that a search scans. The embeddings themselves are kept beside it, 4 bytes a value. */
  get scanBytes(): number {
    return this.#memory.bytes;
  }

  /** @throws RangeError if there is no memory for more rows. */
  reserve(templates: number): void {
    this.#memory.reserve(templates);
  }

  /** @throws RangeError if there is no memory for more rows. */
  add(templates: readonly IndexedTemplate[]): void {
    const before = this.size;
    this.reserve(before + templates.length);
    for (const template of templates) this.#table.append(template);
    if (this.#memory.layout.kind === 'int8' && this.size >= this.#nextCenter) this.#writeAll();
    else for (let row = before; row < this.size; row++) this.#write(row);
  }

  remove(templates: readonly number[]): void {
    for (const template of templates) {
      const row = this.#table.remove(template);
      if (row !== undefined) this.#write(row);
    }
  }

  assign(templates: readonly number[], identity: number): void {
    for (const template of templates) {
      const row = this.#table.rowOf(template);
      this.#table.identities[row] = identity;
      this.#memory.setIdentity(row, identity);
    }
  }

  async search(queries: readonly Float32Array[], k: number): Promise<IndexMatch[][]> {
    const found: IndexMatch[][] = [];
    for (let from = 0; from < queries.length; from += BATCH) {
      const batch = queries.slice(from, from + BATCH);
      const parts = await this.#scan(batch, k);
      found.push(
        ...batch.map((query, q) =>
          this.#rank(
            query,
            parts.map((part) => part[q]),
            k,
          ),
        ),
      );
    }
    return found;
  }

  close(): void {
    for (const thread of this.#threads) thread.close();
    this.#threads = [];
  }

  /** Scans all rows, and returns the candidates of each query by thread. */
  async #scan(batch: readonly Float32Array[], k: number): Promise<Candidates[][]> {
    const { kernels, memory, layout } = this.#memory;
    const queries = batch.map((query, slot) => this.#memory.writeQuery(slot, query, 1 / norm(query)));
    const rows = this.size;
    const groups = Math.ceil(rows / GROUP);
    const parts = this.#chooseThreads(rows * batch.length);
    const partAt = (n: number) => ({
      firstGroup: Math.round((groups * n) / parts),
      endGroup: Math.round((groups * (n + 1)) / parts),
      rows,
    });
    this.#startThreads(parts - 1);
    const others = this.#threads
      .slice(0, parts - 1)
      .map((thread, n) => thread.run({ queries, k, part: partAt(n + 1) }));
    // Settled first, so that a failure of this thread's part leaves no rejection unhandled.
    const answers = Promise.all(others);
    answers.catch(() => undefined);
    const own = scanGroups(kernels, memory, layout, queries, k, partAt(0), this.#memory.outOf(0));
    return [own, ...(await answers)];
  }

  #rank(query: Float32Array, parts: Candidates[], k: number): IndexMatch[] {
    // Each part has a cut of its own; rows below the best of them cannot be among the k best.
    const lowers = new Map<number, number>();
    for (const { identities, lowers: bounds } of parts) {
      identities.forEach((identity, n) => {
        lowers.set(identity, Math.max(lowers.get(identity) ?? Number.NEGATIVE_INFINITY, bounds[n]));
      });
    }
    const cut = [...lowers.values()].sort((a, b) => b - a)[k - 1] ?? Number.NEGATIVE_INFINITY;
    const rows = parts.flatMap((part) => [...part.rows].filter((_, n) => part.uppers[n] >= cut));
    return this.#table.rank(query, rows, k);
  }

  #chooseThreads(rows: number): number {
    const worthwhile = Math.ceil((rows * this.#table.dimensions) / VALUES_PER_THREAD);
    return Math.max(1, Math.min(this.#mostThreads, worthwhile));
  }

  #startThreads(count: number): void {
    const { memory, layout, compiled } = this.#memory;
    while (this.#threads.length < count) {
      const out = this.#memory.outOf(this.#threads.length + 1);
      this.#threads.push(new ScanThread({ module: compiled.module, memory, layout, out }));
    }
  }

  #write(row: number): void {
    const table = this.#table;
    this.#memory.write(row, table.identities[row], table.values(row), table.inverseNorm(row));
  }

  /** Computes the center of the rows anew, and writes all of them around it. */
  #writeAll(): void {
    const table = this.#table;
    const step = Math.max(1, Math.floor(this.size / MOST_CENTER_ROWS));
    const count = Math.ceil(this.size / step);
    const rows = Array.from({ length: count }, (_, n) => n * step);
    this.#memory.setCenter(
      rows.map((row) => ({ values: table.values(row), inverseNorm: table.inverseNorm(row) })),
      count,
    );
    for (let row = 0; row < this.size; row++) this.#write(row);
    this.#nextCenter = this.size < MOST_CENTER_ROWS ? 2 * this.size : Number.POSITIVE_INFINITY;
  }
}
