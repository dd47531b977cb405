import type { IndexedTemplate, IndexMatch } from './gallery-index.js';

const CHUNK = 1024;

/**
 * The embeddings of an index in row order, with their templates and identities. Memory grows by chunks, so that no growth
 * copies rows.
 */
export class RowTable {
  readonly dimensions: number;
  readonly templates: number[] = [];
  readonly identities: number[] = [];
  readonly #values: Float32Array[] = [];
  readonly #inverseNorms: number[] = [];
  readonly #rows = new Map<number, number>();

  constructor(dimensions: number) {
    this.dimensions = dimensions;
  }

  get size(): number {
    return this.templates.length;
  }

  /** Returns the number of the new row. */
  append({ template, identity, embedding }: IndexedTemplate): number {
    const row = this.size;
    if (row % CHUNK === 0 && this.#values.length === row / CHUNK) {
      this.#values.push(new Float32Array(CHUNK * this.dimensions));
    }
    this.values(row).set(embedding);
    this.#inverseNorms.push(1 / norm(embedding));
    this.templates.push(template);
    this.identities.push(identity);
    this.#rows.set(template, row);
    return row;
  }

  /**
   * Removes a row by moving the last one into its place. Returns the row that changed, or undefined if it was the last, or if there
   * is none.
   */
  remove(template: number): number | undefined {
    const row = this.#rows.get(template);
    if (row === undefined) return undefined;
    const last = this.size - 1;
    this.#rows.delete(template);
    if (row !== last) {
      this.values(row).set(this.values(last));
      this.#inverseNorms[row] = this.#inverseNorms[last];
      this.identities[row] = this.identities[last];
      this.templates[row] = this.templates[last];
      this.#rows.set(this.templates[row], row);
    }
    this.#inverseNorms.pop();
    this.identities.pop();
    this.templates.pop();
    if (this.#values.length * CHUNK >= this.size + 2 * CHUNK) this.#values.pop();
    return row === last ? undefined : row;
  }

  /** @throws RangeError if the template is not in the index. */
  rowOf(template: number): number {
    const row = this.#rows.get(template);
    if (row === undefined) throw new RangeError(`The index has no template ${template}.`);
    return row;
  }

  values(row: number): Float32Array {
    const from = (row % CHUNK) * this.dimensions;
    return this.#values[Math.floor(row / CHUNK)].subarray(from, from + this.dimensions);
  }

  inverseNorm(row: number): number {
    return this.#inverseNorms[row];
  }

  /** Returns the best identities among some rows, by their exact scores. */
  rank(query: Float32Array, rows: Iterable<number>, k: number): IndexMatch[] {
    const inverse = 1 / norm(query);
    const best = new Map<number, IndexMatch>();
    for (const row of rows) {
      const score = cosine(query, inverse, this.values(row), this.#inverseNorms[row]);
      const template = this.templates[row];
      const identity = this.identities[row];
      const other = best.get(identity);
      if (!other || score > other.score || (score === other.score && template < other.template)) {
        best.set(identity, { identity, template, score });
      }
    }
    return [...best.values()].sort((a, b) => b.score - a.score || a.identity - b.identity).slice(0, k);
  }
}

/** Returns the length of a vector, in double precision. */
export function norm(vector: Float32Array): number {
  return Math.sqrt(dot(vector, vector));
}

/**
 * Returns the cosine of two vectors in [-1, 1], summed in double precision in a fixed order and rounded to float32. It is the
 * same on every machine, and exactly 1 for a vector with itself.
 */
export function cosine(a: Float32Array, inverseA: number, b: Float32Array, inverseB: number): number {
  const exact = dot(a, b) * inverseA * inverseB;
  return Math.fround(Math.max(-1, Math.min(1, exact)));
}

/** Four sums, because each addition of a single one would wait for the one before. */
function dot(a: Float32Array, b: Float32Array): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const { length } = a;
  const even = length - (length % 4);
  for (let i = 0; i < even; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (let i = even; i < length; i++) s0 += a[i] * b[i];
  return s0 + s1 + (s2 + s3);
}
