import type { OperationAttribute } from './function-definition.js';

/** Operations of TensorFlow on values: run at once on tensors, or recorded in a function that XLA compiles. */
export interface Operations<V> {
  /** Returns a float32 scalar. */
  constant(value: number): V;
  /** Returns an int32 vector, such as a shape or axes. */
  integers(...values: readonly number[]): V;
  /** Runs an operation on float32 values whose only attribute is their type. */
  floats(operation: string, ...inputs: readonly V[]): V;
  /** Runs an operation with one result. */
  run(
    operation: string,
    attributes: { readonly [name: string]: OperationAttribute },
    ...inputs: readonly V[]
  ): V;
}

/** A computation on values, which must not depend on anything else. */
export type Computation = <V>(operations: Operations<V>, ...inputs: V[]) => V[];
