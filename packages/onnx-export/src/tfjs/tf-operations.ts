import type { TracedCall } from '@unitsphere/inference';
import type { Activation } from '@unitsphere/ops';
import { OnnxExportError } from '../errors.js';
import { joinConstants } from '../operations/shape.js';
import { type GraphDefBuilder, tfAttributes } from './graph-def.js';
import { addGate, addGelu, addLayerNorm, addSelfAttention, addUnitLength } from './tf-composed.js';
import { addBatchNorm, addConv, addDepthwiseConv, addGroupedConv } from './tf-convolution.js';

/** Adds the nodes of a traced call and returns the name of the last. */
type TfOperation = (call: TracedCall, builder: GraphDefBuilder) => string;

const { flag, float, ints, text } = tfAttributes;
const { NEGATIVE_INFINITY } = Number;

/** Adds an operator of all inputs in the order of their names. */
const plain =
  (op: string, ...names: string[]): TfOperation =>
  ({ inputs }, builder) =>
    builder.add(
      op,
      names.map((name) => builder.nameOf(inputs[name])),
    );

/** relu6(x + 3) / 6 */
function addHardSigmoid(builder: GraphDefBuilder, x: string): string {
  const clipped = builder.add('Relu6', [builder.add('AddV2', [x, builder.scalar(3)])]);
  return builder.add('Mul', [clipped, builder.scalar(1 / 6)]);
}

const activations: Record<Activation, (builder: GraphDefBuilder, x: string) => string> = {
  none: (_, x) => x,
  relu: (builder, x) => builder.add('Relu', [x]),
  relu6: (builder, x) => builder.add('Relu6', [x]),
  hard_swish: (builder, x) => builder.add('Mul', [x, addHardSigmoid(builder, x)]),
  hard_sigmoid: addHardSigmoid,
  silu: (builder, x) => addGate(builder, x),
  sigmoid: (builder, x) => builder.add('Sigmoid', [x]),
};

const activate: TfOperation = ({ inputs, attrs }, builder) =>
  activations[(attrs as { activation: Activation }).activation](builder, builder.nameOf(inputs['x']));

const QUICK_GELU_SLOPE = 1.702;

const operations: Readonly<Record<string, TfOperation>> = {
  Add: plain('AddV2', 'a', 'b'),
  Sub: plain('Sub', 'a', 'b'),
  Multiply: plain('Mul', 'a', 'b'),
  RealDiv: plain('RealDiv', 'a', 'b'),
  Relu: plain('Relu', 'x'),
  Sigmoid: plain('Sigmoid', 'x'),
  Identity: ({ inputs: { x } }, builder) => builder.nameOf(x),
  UnitsphereActivation: activate,
  UnitsphereGelu: ({ inputs: { x } }, builder) => addGelu(builder, builder.nameOf(x)),
  UnitsphereQuickGelu: ({ inputs: { x } }, builder) => addGate(builder, builder.nameOf(x), QUICK_GELU_SLOPE),
  UnitsphereAddBias: plain('AddV2', 'x', 'bias'),
  UnitspherePrelu: plain('Prelu', 'x', 'slope'),
  UnitsphereConv2d: addConv,
  UnitsphereDepthwiseConv2d: addDepthwiseConv,
  UnitsphereGroupedConv2d: addGroupedConv,
  UnitsphereBatchNormInference: (call, builder) => {
    const { activation } = call.attrs as { activation: Activation };
    return activations[activation](builder, addBatchNorm(call, builder));
  },
  UnitsphereBatchNormPreluInference: (call, builder) =>
    builder.add('Prelu', [addBatchNorm(call, builder), builder.nameOf(call.inputs['slope'])]),
  UnitsphereLayerNorm: addLayerNorm,
  UnitsphereL2Normalize: addUnitLength,
  UnitsphereSelfAttention: addSelfAttention,
  UnitsphereMatMul: ({ inputs: { a, b }, attrs }, builder) => {
    const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
    const attr = { ...float, transpose_a: flag(transposeA), transpose_b: flag(transposeB) };
    return builder.add('MatMul', [builder.nameOf(a), builder.nameOf(b)], attr);
  },
  UnitsphereGlobalAveragePool: ({ inputs: { x } }, builder) =>
    builder.add('Mean', [builder.nameOf(x), builder.integers([1, 2])], { ...float, keep_dims: flag(false) }),
  UnitsphereMaxPool2d: ({ inputs: { x }, attrs }, builder) => {
    const { kernelSize, stride, padding } = attrs as { kernelSize: number; stride: number; padding: number };
    const around = [0, 0, padding, padding, padding, padding, 0, 0];
    const padded =
      padding > 0 ? addPad(builder, builder.nameOf(x), around, NEGATIVE_INFINITY) : builder.nameOf(x);
    return builder.add('MaxPool', [padded], {
      ...float,
      ksize: ints([1, kernelSize, kernelSize, 1]),
      strides: ints([1, stride, stride, 1]),
      padding: text('VALID'),
      data_format: text('NHWC'),
    });
  },
  UnitsphereScaleChannels: ({ inputs: { x, gate } }, builder) => {
    const [batch, channels] = gate.shape;
    return builder.add('Mul', [
      builder.nameOf(x),
      builder.reshape(builder.nameOf(gate), [batch, 1, 1, channels]),
    ]);
  },
  Reshape: ({ inputs: { x }, output }, builder) => builder.reshape(builder.nameOf(x), output.shape),
  Transpose: ({ inputs: { x }, attrs }, builder) =>
    builder.add('Transpose', [builder.nameOf(x), builder.integers((attrs as { perm: number[] }).perm)]),
  Slice: ({ inputs: { x }, attrs, output }, builder) => {
    const { begin } = attrs as { begin: number[] };
    const size = [-1, ...output.shape.slice(1)];
    return builder.add('Slice', [builder.nameOf(x), builder.integers(begin), builder.integers(size)]);
  },
  PadV2: ({ inputs: { x }, attrs }, builder) => {
    const { paddings, constantValue } = attrs as { paddings: [number, number][]; constantValue: number };
    return addPad(builder, builder.nameOf(x), paddings.flat(), constantValue);
  },
  Concat: addConcat,
};

/** @param amounts Numbers before and after each axis. */
function addPad(builder: GraphDefBuilder, x: string, amounts: readonly number[], value: number): string {
  const pairs = builder.integers(amounts, [amounts.length / 2, 2]);
  return builder.add('PadV2', [x, pairs, builder.scalar(value)]);
}

/** A constant beside a computed value is a sum, so that the batch stays dynamic. */
function addConcat({ kernel, inputs, attrs, output }: TracedCall, builder: GraphDefBuilder): string {
  const values = Object.values(inputs);
  const { axis } = attrs as { axis: number };
  const computed = values.filter((value) => !builder.constantOf(value));
  if (computed.length === values.length) {
    const names = values.map((value) => builder.nameOf(value));
    return builder.concat(names, axis);
  }
  const sum = joinConstants(
    values.map((value) => builder.constantOf(value)),
    values.map(({ shape }) => shape[axis]),
    output.shape,
    axis,
  );
  if (computed.length !== 1 || !sum) {
    throw new OnnxExportError(
      `${kernel}: constants can only be exported beside one computed value, alike in all images.`,
    );
  }
  const [first] = computed;
  const before = values.slice(0, values.indexOf(first)).reduce((total, { shape }) => total + shape[axis], 0);
  const after = output.shape[axis] - before - first.shape[axis];
  const amounts = output.shape.flatMap((_, i) => (i === axis ? [before, after] : [0, 0]));
  const padded = addPad(builder, builder.nameOf(first), amounts, 0);
  return builder.add('AddV2', [padded, builder.floats('constant', [1, ...output.shape.slice(1)], sum)]);
}

/** Adds the nodes of a traced call. @throws OnnxExportError for an operation that has no counterpart here. */
export function addTfOperation(call: TracedCall, builder: GraphDefBuilder): void {
  if (!Object.hasOwn(operations, call.kernel)) {
    throw new OnnxExportError(
      `The model uses the operation ${call.kernel}, which cannot be exported for TensorFlow.js.`,
    );
  }
  builder.bind(call.output, operations[call.kernel](call, builder));
}
