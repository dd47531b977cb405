import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { sumOverImages } from './images.js';
import { division, divisionKey, floats, type Program, widthOf } from './program.js';
import { webGpuRuntime } from './runtime.js';

export const scaleSamplesWebGpu: Kernel<{ x: tf.Tensor; factors: tf.Tensor1D }, object> = ({
  inputs: { x, factors },
  backend,
}) => {
  const runtime = webGpuRuntime(backend);
  const out = runtime.output(x.shape);
  const batch = x.shape[0];
  const sample = x.size / batch;
  const { workgroupSize } = runtime.tuning;
  const vector = widthOf(sample);
  const T = floats(vector);
  const most = x.size / vector;
  const program: Program = {
    key: `scaleSamples ${vector} ${workgroupSize} ${divisionKey(most)}`,
    declarations: division(most),
    inputs: { x: T, factors: 'f32' },
    outputs: { out: T },
    uniforms: { total: 'i32', sample: 'i32', first: 'i32' },
    workgroupSize,
    body: `
  let at = i32(group * ${workgroupSize}u + local);
  if (at < u.total) { out[at] = x[at] * factors[u.first + divide(at, u.sample)]; }`,
  };
  // The factors are bound whole: their parts may not begin at aligned addresses.
  runtime.forParts('scaleSamples', batch, [sample], (first, count) => {
    const part = (tensor: tf.TensorInfo) => ({ tensor, start: first * sample, count: count * sample });
    const total = (count * sample) / vector;
    const numbers = { total, sample: sample / vector, first };
    runtime.run(program, { x: part(x), factors, out: part(out) }, numbers, Math.ceil(total / workgroupSize));
  });
  return out;
};

export const scaleSamplesGradFactorsWebGpu: Kernel<{ x: tf.Tensor; dy: tf.Tensor }, object> = ({
  inputs: { x, dy },
  backend,
}) => {
  const batch = x.shape[0];
  const images = { x: { ...tensorInfo(x), shape: [batch, x.size / batch, 1, 1] } };
  const sums = sumOverImages(
    webGpuRuntime(backend),
    'scaleSamplesGradFactors',
    { ...images, dy: tensorInfo(dy) },
    1,
    'x[at] * dy[at]',
  );
  return { ...sums, shape: [batch] };
};

const tensorInfo = ({ dataId, shape, dtype }: tf.TensorInfo): tf.TensorInfo => ({ dataId, shape, dtype });
