/** Values of a computation by name. */
export type Values = Record<string, ArrayLike<number>>;

/** Groups of checks, in the order of tables. */
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

/** Group of a check. */
export type Group = (typeof GROUPS)[number];

interface Described {
  group: Group;
  /** Operation, layer or loss that is checked: a row of the table of agreement. */
  subject: string;
  /** Unique name. */
  name: string;
}

/** Larger tolerance for a difference that is inherent. */
export interface Coarse {
  tolerance: number;
  /** Reason, as a text of its own. */
  why: string;
}

/** Computation whose values on a backend must agree with those on `cpu`. */
export interface AgreementCheck extends Described {
  /** Computes the values on the current backend. It is deterministic and leaves no tensors behind. */
  compute(): Promise<Values>;
  /** Tolerance instead of 1e-4, with the reason: on every backend, or on those listed. */
  coarse?: Coarse | { on: readonly string[]; to: Coarse };
  /**
   * Names of values that are 0 in exact arithmetic, such as the gradient of a bias before a batch norm. They are only the
   * rounding of larger terms, so their difference is relative to the largest magnitude of the check.
   */
  vanishing?: readonly string[];
  /** Stored values of cpu, if they take long to compute. Default: they are computed once per process. */
  reference?: Values;
  /** Checks `cpu` itself and returns the problems. Default: a second run must give the same values. */
  verifyReference?(): Promise<string[]>;
}

/** Property that must hold on each backend separately. */
export interface PropertyCheck extends Described {
  /** Returns the problems. */
  verify(): Promise<string[]>;
}

/** One check of the contract. */
export type Check = AgreementCheck | PropertyCheck;

/** Difference of an output from cpu's. */
export interface Difference {
  /** Name of the value. */
  output: string;
  /** Largest absolute difference. */
  absolute: number;
  /** `absolute` over the largest magnitude of cpu's value, or of the whole check for a vanishing value. */
  relative: number;
}

/** Result of a check on a backend. */
export interface Outcome {
  group: Group;
  subject: string;
  name: string;
  /** Problems; empty if the check passed. */
  problems: string[];
  /** Differences of an AgreementCheck; empty on cpu. */
  differences: Difference[];
  /** Reason for a tolerance other than 1e-4. */
  coarse?: string;
}
