/** One WGSL program: what it binds, its numbers, and its body. */
export interface Program {
  /** Names the code: programs with the same key share one pipeline. */
  key: string;
  /** Element type of each tensor that is read. */
  inputs: { [name: string]: string };
  /** Element type of each tensor that is written, or changed where it lies. */
  outputs: { [name: string]: string };
  /** Numbers of a dispatch: `u.name` in the body. */
  uniforms: { [name: string]: 'u32' | 'i32' | 'f32' };
  workgroupSize: number;
  /** WGSL at module level. */
  declarations?: string;
  /** The body of main; it sees `group` and `local`, flat, and `lane` where it needs subgroups. */
  body: string;
  subgroups?: boolean;
  /** It has half floats. */
  f16?: boolean;
}

/** The WGSL of a program. Bindings in order: inputs, outputs, uniforms. */
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

/** A width of 4 where count allows vec4 loads, else 1. */
export type Width = 1 | 4;

/** The widest vector that divides every count. */
export function widthOf(...counts: number[]): Width {
  return counts.every((count) => count % 4 === 0) ? 4 : 1;
}

/** WGSL's type of a float vector of a width. */
export function floats(width: Width): string {
  return width === 4 ? 'vec4f' : 'f32';
}

/** Joins what fn gives for 0 … count − 1. */
export function repeat(count: number, fn: (i: number) => string, separator = '\n'): string {
  return Array.from({ length: count }, (_, i) => fn(i)).join(separator);
}

/**
 * WGSL of divide(a, b), rounded down, for 0 <= a < total and b > 0. Few processors divide integers quickly and none
 * several at a time; below 2^22 a float division is at most one off, which is put right.
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

/** What of a program's key {@link division} decides. */
export function divisionKey(total: number): string {
  return total < 2 ** 22 ? 'small' : 'large';
}
