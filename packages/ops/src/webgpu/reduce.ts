import { repeat } from './program.js';
import type { Tuning } from './tuning.js';

/** Returns the WGSL declarations that {@link reduceOverWorkgroup} requires: one array per value, none for one invocation. */
export function sharedReducer(reducers: number, types: string[]): string {
  if (reducers === 1) return '';
  return repeat(types.length, (i) => `var<workgroup> shared${i}: array<${types[i]}, ${reducers}>;`);
}

/**
 * Returns WGSL that replaces each variable by its sum over the workgroup, or by its reduction with `combine`. The order is fixed,
 * and every invocation gets the result. All invocations of the workgroup must reach it.
 */
export function reduceOverWorkgroup(
  reducers: number,
  variables: string[],
  combine = (a: string, b: string) => `${a} + ${b}`,
): string {
  if (reducers === 1) return '';
  return `
  workgroupBarrier();
  ${repeat(variables.length, (i) => `shared${i}[local] = ${variables[i]};`)}
  for (var half = ${reducers / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local < half) { ${repeat(variables.length, (i) => `shared${i}[local] = ${combine(`shared${i}[local]`, `shared${i}[local + half]`)};`, ' ')} }
  }
  workgroupBarrier();
  ${repeat(variables.length, (i) => `${variables[i]} = shared${i}[0];`)}`;
}

/** Distribution of many reductions over invocations: a workgroup per reduction, or one invocation on software devices. */
export interface ReductionPlan {
  /** Part of a program's key. */
  key: string;
  workgroupSize: number;
  /** WGSL of the index of the invocation's reduction. Without a workgroup per reduction it may exceed the last one. */
  index: string;
  /** Returns the head of a WGSL loop over the invocation's terms, 0 … end − 1. */
  loop(variable: string, end: string): string;
  /** Returns the WGSL condition for an invocation to write a result, given the one that its index is in range. */
  writes(inRange: string): string;
  /** Returns the number of workgroups of a number of reductions. */
  groups(count: number): number;
}

/** Returns how a device distributes reductions. */
export function planReductions({
  reducers,
  workgroupSize,
}: Pick<Tuning, 'reducers' | 'workgroupSize'>): ReductionPlan {
  const together = reducers > 1;
  const size = together ? reducers : workgroupSize;
  const [first, step] = together ? ['local', size] : ['0u', 1];
  return {
    key: `${size} ${together}`,
    workgroupSize: size,
    index: together ? 'group' : `group * ${size}u + local`,
    loop: (variable, end) =>
      `for (var ${variable} = ${first}; ${variable} < ${end}; ${variable} += ${step}u)`,
    writes: (inRange) => (together ? 'local == 0u' : inRange),
    groups: (count) => (together ? count : Math.ceil(count / size)),
  };
}
