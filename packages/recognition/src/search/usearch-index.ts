import type { GalleryIndex, IndexedTemplate, IndexMatch } from './gallery-index.js';
import { RowTable } from './row-table.js';

/** Options of {@link createUsearchIndex}. */
export interface UsearchIndexOptions {
  /** How usearch keeps embeddings in its graph. Default: `f32`. */
  quantization?: 'f32' | 'f16' | 'bf16' | 'i8';
  /** Neighbors of each template in the graph; 0 (default) is usearch's choice. */
  connectivity?: number;
  /** Candidates while a template is added; 0 (default) is usearch's choice. */
  expansionAdd?: number;
  /** Candidates of a search; 0 (default) is usearch's choice. More are slower and find more. */
  expansionSearch?: number;
  /** Templates that a search asks for, as a multiple of the identities wanted. Default: 4. */
  oversampling?: number;
}

/**
 * Creates an index with usearch's HNSW graph, for galleries that an exact search is too slow for. It can miss identities. Scores
 * are computed from the embeddings, so those that it finds have the same scores as in an exact search. Requires the package
 * `usearch` (2.16 or newer), in Node.
 * @throws Error if `usearch` is not installed.
 */
export async function createUsearchIndex(
  embeddingSize: number,
  options: UsearchIndexOptions = {},
): Promise<GalleryIndex> {
  let usearch: typeof import('usearch');
  try {
    usearch = await import('usearch');
  } catch (cause) {
    throw new Error('createUsearchIndex requires the package usearch: npm install usearch', { cause });
  }
  const { Index, MetricKind } = usearch;
  const { quantization = 'f32', connectivity = 0, expansionAdd = 0, expansionSearch = 0 } = options;
  const index = new Index({
    dimensions: embeddingSize,
    metric: MetricKind.Cos,
    quantization: quantization as import('usearch').ScalarKind,
    connectivity,
    expansion_add: expansionAdd,
    expansion_search: expansionSearch,
    multi: false,
  });
  return new UsearchIndex(index, embeddingSize, options.oversampling ?? 4);
}

class UsearchIndex implements GalleryIndex {
  readonly isExact = false;
  readonly #index: import('usearch').Index;
  readonly #table: RowTable;
  readonly #oversampling: number;

  constructor(index: import('usearch').Index, embeddingSize: number, oversampling: number) {
    this.#index = index;
    this.#table = new RowTable(embeddingSize);
    this.#oversampling = oversampling;
  }

  get size(): number {
    return this.#table.size;
  }

  add(templates: readonly IndexedTemplate[]): void {
    for (const template of templates) {
      this.#index.add(BigInt(template.template), template.embedding, 1);
      this.#table.append(template);
    }
  }

  remove(templates: readonly number[]): void {
    for (const template of templates) {
      this.#index.remove(BigInt(template));
      this.#table.remove(template);
    }
  }

  assign(templates: readonly number[], identity: number): void {
    for (const template of templates) this.#table.identities[this.#table.rowOf(template)] = identity;
  }

  async search(queries: readonly Float32Array[], k: number): Promise<IndexMatch[][]> {
    return queries.map((query) => {
      let found: IndexMatch[] = [];
      // Several templates of an identity may fill the answer, so it grows until k identities are in it.
      for (let wanted = k * this.#oversampling; this.size > 0; wanted *= 4) {
        const { keys } = this.#index.search(query, Math.min(wanted, this.size), 1);
        const rows = Array.from(keys, (key) => this.#table.rowOf(Number(key)));
        found = this.#table.rank(query, rows, k);
        if (found.length === k || wanted >= this.size) break;
      }
      return found;
    });
  }

  close(): void {}
}
