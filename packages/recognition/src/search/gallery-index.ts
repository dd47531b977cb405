/** A template as an index receives it. */
export interface IndexedTemplate {
  /** Unique within the index. */
  readonly template: number;
  /** Its identity: an integer from 0 to 2³¹ − 1. */
  readonly identity: number;
  /** Finite values, not all zero; the length need not be 1. */
  readonly embedding: Float32Array;
}

/** An identity that a search found. */
export interface IndexMatch {
  readonly identity: number;
  /** The identity's template that is most similar to the query. */
  readonly template: number;
  /** Their cosine in [-1, 1], summed in double precision and rounded to float32. */
  readonly score: number;
}

/**
 * Finds the identities most similar to a query. A gallery searches exactly unless it is given another index.
 *
 * A gallery never changes an index while a search is in progress, and awaits each change.
 */
export interface GalleryIndex {
  /** Whether a search always returns the best identities. */
  readonly isExact: boolean;
  /** Number of templates. */
  readonly size: number;
  /** Makes room for a number of templates, so that `add` does not fail later. @throws RangeError if there is no room. */
  reserve?(templates: number): void | Promise<void>;
  add(templates: readonly IndexedTemplate[]): void | Promise<void>;
  /** Removes templates. Those that it does not have are skipped. */
  remove(templates: readonly number[]): void | Promise<void>;
  /** Assigns templates to another identity. */
  assign(templates: readonly number[], identity: number): void | Promise<void>;
  /**
   * Returns for each query at most `k` identities, best first, each with its best template. Identities with equal scores are
   * in the order of their numbers, and so are equal templates of an identity.
   */
  search(queries: readonly Float32Array[], k: number): Promise<IndexMatch[][]>;
  /** Releases threads and memory. */
  close(): void | Promise<void>;
}
