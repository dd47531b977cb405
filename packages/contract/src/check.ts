/** Values by name, as a computation on one backend gives them. */
export type Values = Record<string, ArrayLike<number>>;

/** The parts of the contract, in the order of its tables. */
export const GROUPS = [
  'operations',
  'layers',
  'norms',
  'necks',
  'losses',
  'training',
  'files',
  'memory',
] as const;

/** What a check belongs to. */
export type Group = (typeof GROUPS)[number];

interface Described {
  group: Group;
  /** The operation, layer or loss it is about: a row of the table of agreement. */
  subject: string;
  /** Unique in the contract. */
  name: string;
}

/** A larger difference that is allowed by nature. */
export interface Coarse {
  tolerance: number;
  /** Words that stand by themselves. */
  why: string;
}

/** A computation whose values on a backend must be those on `cpu`, as far as float32 goes. */
export interface AgreementCheck extends Described {
  /** Computes on the current backend, leaves no tensors behind, and gives the same values whenever it is called. */
  compute(): Promise<Values>;
  /** What is allowed in place of a relative difference of 1e-4, and why: on every backend, or on one of these. */
  coarse?: Coarse | { on: readonly string[]; to: Coarse };
  /**
   * Values that the mathematics makes 0, such as the gradient of a bias before a batch norm. What is left of them is
   * rounding of larger terms: their difference is relative to the largest magnitude of the check.
   */
  vanishing?: readonly string[];
  /** cpu's values, where it takes long to compute them. Default: computed once in each process. */
  reference?: Values;
  /** What must hold on `cpu` itself, and gives what does not. Default: a second run gives the same values. */
  verifyReference?(): Promise<string[]>;
}

/** Something that must hold on each backend by itself. */
export interface PropertyCheck extends Described {
  /** Gives what does not hold. */
  verify(): Promise<string[]>;
}

/** One promise of the contract. */
export type Check = AgreementCheck | PropertyCheck;

/** How far one output is from cpu's. */
export interface Difference {
  /** Which of the computation's values. */
  output: string;
  /** The largest absolute difference. */
  absolute: number;
  /** The same over the largest magnitude in cpu's values, of the whole check for a value that vanishes. */
  relative: number;
}

/** How a check went on a backend. */
export interface Outcome {
  group: Group;
  subject: string;
  name: string;
  /** What does not hold; empty where it passed. */
  problems: string[];
  /** Of an agreement; empty on cpu itself. */
  differences: Difference[];
  /** Why more than 1e-4 is allowed here, where it is. */
  coarse?: string;
}
