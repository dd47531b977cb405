/** A WGSL program: its bindings, uniforms and body. */
export interface Program {
  /** Name of the code, which begins with the operation's: programs with the same key share one pipeline. */
  key: string;
  /** Element type of each tensor that the program reads. */
  inputs: { [name: string]: string };
  /** Element type of each tensor that the program writes or updates in place. */
  outputs: { [name: string]: string };
  /** Types of the numbers given to each dispatch: `u.name` in the body. */
  uniforms: { [name: string]: 'u32' | 'i32' | 'f32' };
  workgroupSize: number;
  /** WGSL at module level. */
  declarations?: string;
  /** Body of main. It can use the flat indices `group` and `local`, and `lane` if the program uses subgroups. */
  body: string;
  /** Whether the program uses subgroups. */
  subgroups?: boolean;
  /** Whether the program uses half floats. */
  f16?: boolean;
}

/**
 * Returns the WGSL of a program, with bindings in the order of inputs, outputs, uniforms.
 * @param folded Whether the workgroups are dispatched in two dimensions.
 */
export function wgsl(program: Program, folded: boolean): string {
  const { inputs, outputs, uniforms, subgroups, f16 } = program;
  let binding = 0;
  const declare = (kind: string, name: string, type: string) =>
    `@group(0) @binding(${binding++}) var<storage, ${kind}> ${name}: array<${type}>;`;
  const fields = [...Object.entries(uniforms), ...(folded ? [['groups', 'u32']] : [])];
  if (fields.length === 0) fields.push(['unused', 'u32']);
  return [
    subgroups ? 'enable subgroups;' : '',
    f16 ? 'enable f16;' : '',
    ...Object.entries(inputs).map(([name, type]) => declare('read', name, type)),
    ...Object.entries(outputs).map(([name, type]) => declare('read_write', name, type)),
    `struct Uniforms { ${fields.map(([name, type]) => `${name}: ${type}`).join(', ')} }`,
    `@group(0) @binding(${binding}) var<uniform> u: Uniforms;`,
    program.declarations ?? '',
    `@compute @workgroup_size(${program.workgroupSize})`,
    'fn main(@builtin(workgroup_id) groupId: vec3u, @builtin(num_workgroups) groupCounts: vec3u,',
    `  @builtin(local_invocation_index) local: u32${subgroups ? ', @builtin(subgroup_invocation_id) lane: u32' : ''}) {`,
    folded
      ? '  let group = groupId.y * groupCounts.x + groupId.x;\n  if (group >= u.groups) { return; }'
      : '  let group = groupId.x;',
    program.body,
    '}',
  ].join('\n');
}

/** Number of values in a vector. */
export type Width = 1 | 4;

/** Returns the widest vector that divides every count. */
export function widthOf(...counts: number[]): Width {
  return counts.every((count) => count % 4 === 0) ? 4 : 1;
}

/** Returns WGSL's type of a float vector. */
export function floats(width: Width): string {
  return width === 4 ? 'vec4f' : 'f32';
}

/** Joins the results of fn for 0 … count − 1. */
export function repeat(count: number, fn: (i: number) => string, separator = '\n'): string {
  return Array.from({ length: count }, (_, i) => fn(i)).join(separator);
}

/**
 * Returns the WGSL function divide(a, b), which rounds down, for 0 <= a < total and b > 0. Processors divide integers slowly and
 * not in vectors. Below 2^22 a float division is off by at most one, which is corrected.
 */
export function division(total: number): string {
  return total < 2 ** 22
    ? `fn divide(a: i32, b: i32) -> i32 {
  let q = i32(f32(a) / f32(b));
  let rest = a - q * b;
  return q + select(0, 1, rest >= b) - select(0, 1, rest < 0);
}`
    : 'fn divide(a: i32, b: i32) -> i32 { return a / b; }';
}

/** Returns the part of a program's key that depends on {@link division}. */
export function divisionKey(total: number): string {
  return total < 2 ** 22 ? 'small' : 'large';
}
