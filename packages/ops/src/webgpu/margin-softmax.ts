import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import {
  type MarginSoftmaxAttrs,
  type MarginSoftmaxBackwardInputs,
  NO_COLUMN,
  SMALLEST_NORM,
} from '../margin-softmax-attrs.js';
import { l2NormalizeGradWebGpu } from './l2-normalize.js';
import { multiply } from './mat-mul/multiply.js';
import { division, divisionKey, floats, type Program, widthOf } from './program.js';
import { planReductions, reduceOverWorkgroup, sharedReducer } from './reduce.js';
import { type WebGpuRuntime, webGpuRuntime } from './runtime.js';

/** WGSL of the logit of a cosine v, which counts as 0 above the threshold. */
const LOGIT =
  'fn logit(v: f32) -> f32 { return select(v, 0.0, u.threshold > 0.0 && v > u.threshold) * u.scale; }';

/** Computes embeddings · centersᵀ without normalizing the centers. The caller frees it. */
function multiplyByCenters(
  runtime: WebGpuRuntime,
  embeddings: tf.Tensor2D,
  centers: tf.Tensor2D,
): tf.TensorInfo {
  const [m, k] = embeddings.shape;
  const n = centers.shape[0];
  const out = runtime.output([m, n]);
  multiply(runtime, { transposeA: false, transposeB: true, m, n, k }, embeddings, centers, out);
  return out;
}

/** Computes one over the norm of each row. */
function computeInverseNorms(runtime: WebGpuRuntime, x: tf.Tensor2D): tf.TensorInfo {
  const [rows, columns] = x.shape;
  const out = runtime.output([rows]);
  const { reducers } = runtime.tuning;
  const plan = planReductions(runtime.tuning);
  const vector = widthOf(columns);
  const T = floats(vector);
  const program: Program = {
    key: `inverseNorms ${vector} ${plan.key}`,
    inputs: { x: T },
    outputs: { inverses: 'f32' },
    uniforms: { rows: 'u32', columns: 'u32', smallest: 'f32' },
    workgroupSize: plan.workgroupSize,
    declarations: sharedReducer(reducers, ['f32']),
    body: `
  let place = ${plan.index};
  let origin = min(place, u.rows - 1u) * u.columns;
  var squares = ${T}();
  ${plan.loop('c', 'u.columns')} {
    squares = fma(x[origin + c], x[origin + c], squares);
  }
  var sum = ${vector === 4 ? '(squares.x + squares.y) + (squares.z + squares.w)' : 'squares'};
  ${reduceOverWorkgroup(reducers, ['sum'])}
  if (${plan.writes('place < u.rows')}) {
    inverses[min(place, u.rows - 1u)] = 1.0 / max(sqrt(sum), u.smallest);
  }`,
  };
  runtime.forParts('marginSoftmaxForward', rows, [columns], (start, count) =>
    runtime.run(
      program,
      {
        x: { tensor: x, start: start * columns, count: count * columns },
        inverses: { tensor: out, start, count },
      },
      { rows: count, columns: columns / vector, smallest: SMALLEST_NORM },
      plan.groups(count),
    ),
  );
  return out;
}

export const marginSoftmaxForwardWebGpu: Kernel<
  { embeddings: tf.Tensor2D; centers: tf.Tensor2D; labels: tf.Tensor1D },
  MarginSoftmaxAttrs
> = ({ inputs: { embeddings, centers, labels }, attrs: { scale, filterThreshold }, backend }) => {
  const runtime = webGpuRuntime(backend);
  const [rows, columns] = [embeddings.shape[0], centers.shape[0]];
  const inverses = computeInverseNorms(runtime, centers);
  const dots = multiplyByCenters(runtime, embeddings, centers);
  const [own, rowMax, rowSum] = [runtime.output([rows]), runtime.output([rows]), runtime.output([rows])];
  // Rows are few and long, so several invocations share each of them, on every device.
  const size = Math.max(runtime.tuning.reducers, 16);
  const loop = (body: string) => `for (var c = local; c < u.columns; c += ${size}u) {
    let v = dots[origin + c] * inverses[c];
    ${body}
  }`;
  runtime.run(
    {
      key: `marginSoftmaxForward ${size}`,
      inputs: { dots: 'f32', inverses: 'f32', labels: 'i32' },
      outputs: { own: 'f32', rowMax: 'f32', rowSum: 'f32' },
      uniforms: { columns: 'u32', scale: 'f32', threshold: 'f32', least: 'f32' },
      workgroupSize: size,
      declarations: `${LOGIT}\n${sharedReducer(size, ['f32'])}`,
      body: `
  let origin = group * u.columns;
  let label = labels[group];
  var most = u.least;
  var ofLabel = 0.0;
  ${loop('if (i32(c) == label) { ofLabel = v; } else { most = max(most, logit(v)); }')}
  ${reduceOverWorkgroup(size, ['ofLabel'])}
  ${reduceOverWorkgroup(size, ['most'], (a, b) => `max(${a}, ${b})`)}
  var sum = 0.0;
  ${loop('if (i32(c) != label) { sum += exp(logit(v) - most); }')}
  ${reduceOverWorkgroup(size, ['sum'])}
  if (local == 0u) { own[group] = ofLabel; rowMax[group] = most; rowSum[group] = sum; }`,
    },
    { dots, inverses, labels, own, rowMax, rowSum },
    { columns, scale, threshold: filterThreshold, least: NO_COLUMN },
    rows,
  );
  runtime.free(dots);
  return [own, rowMax, rowSum, inverses];
};

export const marginSoftmaxBackwardWebGpu: Kernel<
  MarginSoftmaxBackwardInputs,
  MarginSoftmaxAttrs & { rows: number }
> = ({ inputs, attrs: { scale, filterThreshold, rows: meanOver }, backend }) => {
  const runtime = webGpuRuntime(backend);
  const { embeddings, centers, labels, inverseNorms, logSumExp, ownGradient } = inputs;
  const [rows, dimensions] = embeddings.shape;
  const columns = centers.shape[0];
  const dots = multiplyByCenters(runtime, embeddings, centers);
  // Gradients with respect to the cosines, and to the products with centers that are not normalized.
  const [byCosine, byProduct] = [runtime.output([rows, columns]), runtime.output([rows, columns])];
  const { workgroupSize } = runtime.tuning;
  const total = rows * columns;
  runtime.run(
    {
      key: `marginSoftmaxBackward ${workgroupSize} ${divisionKey(total)}`,
      inputs: { dots: 'f32', inverses: 'f32', labels: 'i32', logSumExp: 'f32', ownGradient: 'f32' },
      outputs: { byCosine: 'f32', byProduct: 'f32' },
      uniforms: { total: 'i32', columns: 'i32', scale: 'f32', threshold: 'f32', factor: 'f32' },
      workgroupSize,
      declarations: `${LOGIT}\n${division(total)}`,
      body: `
  let id = i32(group * ${workgroupSize}u + local);
  if (id < u.total) {
    let row = divide(id, u.columns);
    let c = id - row * u.columns;
    let v = dots[id] * inverses[c];
    var g = exp(logit(v) - logSumExp[row]) * u.factor;
    if (u.threshold > 0.0 && v > u.threshold) { g = 0.0; }
    if (c == labels[row]) { g = ownGradient[row]; }
    byCosine[id] = g;
    byProduct[id] = g * inverses[c];
  }`,
    },
    { dots, inverses: inverseNorms, labels, logSumExp, ownGradient, byCosine, byProduct },
    { total, columns, scale, threshold: filterThreshold, factor: scale / meanOver },
    Math.ceil(total / workgroupSize),
  );
  runtime.free(dots);
  const dEmbeddings = runtime.output([rows, dimensions]);
  const plain = { transposeA: false, transposeB: false, m: rows, n: dimensions, k: columns };
  multiply(runtime, plain, byProduct, centers, dEmbeddings);
  const dUnit = runtime.output([columns, dimensions]);
  const transposed = { transposeA: true, transposeB: false, m: columns, n: dimensions, k: rows };
  multiply(runtime, transposed, byCosine, embeddings, dUnit);
  // A center's length changes no cosine, so its gradient has no component along the center.
  const dCenters = l2NormalizeGradWebGpu({
    inputs: { x: centers, dy: dUnit as unknown as tf.Tensor2D },
    attrs: { epsilon: SMALLEST_NORM },
    backend,
  }) as tf.TensorInfo;
  for (const tensor of [byCosine, byProduct, dUnit]) runtime.free(tensor);
  return [dEmbeddings, dCenters];
};
