import type * as tf from '@tensorflow/tfjs-core';
import { type MatmulPrecision, significandBits } from '../precision/matmul-precision.js';
import { type Program, widthOf } from './program.js';
import { reduceOverWorkgroup, sharedReducer } from './reduce.js';
import { roundedBits, roundTensor } from './round.js';
import { HALF_BYTES, type Operand, type Range, sizeOf, type WebGpuRuntime } from './runtime.js';

/** Whole tensor of half floats. */
type HalfFloats = Range & { exponent: tf.TensorInfo };

/**
 * Runs fn with a product's inputs converted for its precision: unchanged for `highest`, else as half floats if the device has
 * them, else as rounded copies. The significand of half floats has as many bits as TensorFloat-32's, and more than bfloat16's.
 */
export function withOperands(
  runtime: WebGpuRuntime,
  precision: MatmulPrecision,
  inputs: [tf.TensorInfo, tf.TensorInfo],
  fn: (a: Operand, b: Operand) => void,
): void {
  const bits = significandBits(precision);
  if (bits === null) {
    fn(...inputs);
  } else if (runtime.tuning.f16) {
    const [a, b] = inputs.map((x) => toHalf(runtime, x)) as [HalfFloats, HalfFloats];
    fn(a, b);
    for (const { tensor, exponent } of [a, b]) {
      runtime.free(tensor);
      runtime.free(exponent);
    }
  } else {
    const [a, b] = inputs.map((x) => roundTensor(runtime, x, bits)) as [tf.TensorInfo, tf.TensorInfo];
    fn(a, b);
    runtime.free(a);
    runtime.free(b);
  }
}

/** Smallest biased exponent of a tensor's largest value: smaller ones count as this one, so that scales are normal numbers. */
const LEAST_EXPONENT = 15;

/** Subtracting this from a biased exponent gives the exponent of the inverse scale: 127 is the bias, 14 the target exponent. */
const PLACE = 141;

/** Returns WGSL of 2 to the power of an integer expression, from -126 to 127. */
const power = (e: string) => `bitcast<f32>(u32(${e} + 127) << 23u)`;

/**
 * WGSL at the beginning of a product of half floats. Its result is multiplied by `scaleLow` and then `scaleHigh`; two factors
 * avoid an overflow of their product.
 */
export const UNSCALE = `
  let unscale = max(i32(aExponent[0]), ${LEAST_EXPONENT}) + max(i32(bExponent[0]), ${LEAST_EXPONENT}) - ${2 * PLACE};
  let scaleLow = ${power('unscale / 2')};
  let scaleHigh = ${power('(unscale - unscale / 2)')};`;

/**
 * Converts x to half floats, scaled by the power of two that brings the largest value into 2^14 … 2^15, so that no value
 * overflows. Values down to 2^-29 of the largest keep all 11 bits; values below 2^-40 of it become 0. Rounds to nearest, ties to even.
 */
function toHalf(runtime: WebGpuRuntime, x: tf.TensorInfo): HalfFloats {
  const size = sizeOf(x);
  const exponent = findLargestExponent(runtime, x, size);
  const tensor = runtime.output([Math.ceil(size / 2)]);
  const { workgroupSize } = runtime.tuning;
  const width = widthOf(size);
  const [bits, half] = width === 4 ? ['vec4u', 'vec4h'] : ['u32', 'f16'];
  const float = width === 4 ? 'vec4f' : 'f32';
  const program: Program = {
    key: `toHalf ${width} ${workgroupSize}`,
    inputs: { x: bits, exponent: 'u32' },
    outputs: { y: half },
    uniforms: { count: 'u32' },
    workgroupSize,
    f16: true,
    // Values are rounded as bits: the conversion may round in any direction, and then has only denormals left to round.
    body: `
  let i = group * ${workgroupSize}u + local;
  if (i < u.count) {
    let v = x[i];
    let scale = ${power(`${PLACE} - max(i32(exponent[0]), ${LEAST_EXPONENT})`)};
    y[i] = ${half}(bitcast<${float}>(${roundedBits('v', 10, bits)}) * scale);
  }`,
  };
  const whole = { tensor, start: 0, count: size, exponent };
  runtime.forParts(
    'toHalf',
    size / width,
    [width],
    (start, count) => {
      const part = { start: start * width, count: count * width };
      runtime.run(
        program,
        { x: { tensor: x, ...part }, exponent, y: { ...whole, ...part } },
        { count },
        Math.ceil(count / workgroupSize),
      );
    },
    HALF_BYTES,
  );
  return whole;
}

/** Computes the largest biased exponent of the finite values of x, as one uint32: each invocation reduces a part first. */
function findLargestExponent(runtime: WebGpuRuntime, x: tf.TensorInfo, size: number): tf.TensorInfo {
  const { workgroupSize, targetGroups } = runtime.tuning;
  const width = widthOf(size);
  const T = width === 4 ? 'vec4u' : 'u32';
  const count = size / width;
  const strands = Math.min(Math.ceil(count / 4), workgroupSize * targetGroups);
  const partials = runtime.output([strands], 'int32');
  const stage: Program = {
    key: `exponents ${width} ${workgroupSize}`,
    inputs: { x: T },
    outputs: { partials: 'u32' },
    uniforms: { count: 'u32', strands: 'u32', first: 'u32' },
    workgroupSize,
    body: `
  let strand = group * ${workgroupSize}u + local;
  if (strand < u.strands) {
    var most = ${T}();
    for (var i = strand; i < u.count; i += u.strands) {
      let exponent = (x[i] >> ${T}(23u)) & ${T}(255u);
      most = max(most, select(exponent, ${T}(), exponent == ${T}(255u)));
    }
    let largest = ${width === 4 ? 'max(max(most.x, most.y), max(most.z, most.w))' : 'most'};
    if (u.first == 1u) { partials[strand] = largest; } else { partials[strand] = max(partials[strand], largest); }
  }`,
  };
  runtime.forParts('exponents', count, [width], (start, part) =>
    runtime.run(
      stage,
      { x: { tensor: x, start: start * width, count: part * width }, partials },
      { count: part, strands, first: +(start === 0) },
      Math.ceil(strands / workgroupSize),
    ),
  );
  const out = runtime.output([1], 'int32');
  const { reducers } = runtime.tuning;
  const last: Program = {
    key: `largestExponent ${reducers}`,
    inputs: { partials: 'u32' },
    outputs: { out: 'u32' },
    uniforms: { strands: 'u32' },
    workgroupSize: reducers,
    declarations: sharedReducer(reducers, ['u32']),
    body: `
  var most = 0u;
  for (var i = local; i < u.strands; i += ${reducers}u) { most = max(most, partials[i]); }
  ${reduceOverWorkgroup(reducers, ['most'], (a, b) => `max(${a}, ${b})`)}
  if (local == 0u) { out[0] = most; }`,
  };
  runtime.run(last, { partials, out }, { strands }, 1);
  runtime.free(partials);
  return out;
}
