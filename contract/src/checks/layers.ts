import * as tf from '@tensorflow/tfjs-core';
import { SqueezeExcite } from '@unitsphere/backbones';
import * as core from '@unitsphere/core';
import { Parameter, Random } from '@unitsphere/core';
import { EmbeddingHead, Flatten, GAP, listHeadNorms, Squeeze } from '@unitsphere/necks';
import * as norms from '@unitsphere/norms';
import { fill } from '@unitsphere/testing/operation-case';
import type { AgreementCheck, Group, Values } from '../check.js';

type AnyModule = core.Module<never, tf.Tensor>;

interface LayerCase {
  group: Group;
  subject: string;
  variant?: string;
  input: number[];
  create(random: Random): AnyModule;
  /** See AgreementCheck. */
  vanishing?: readonly string[];
}

const image = [3, 6, 5, 8];
const rows = [6, 10];

const layer = (subject: string, input: number[], create: LayerCase['create']): LayerCase => ({
  group: 'layers',
  subject,
  input,
  create,
});
const norm = (subject: string, input: number[], create: LayerCase['create']): LayerCase => ({
  ...layer(subject, input, create),
  group: 'norms',
});
const neck = (subject: string, input: number[], create: LayerCase['create']): LayerCase => ({
  ...layer(subject, input, create),
  group: 'necks',
});

/** Names the gradients that vanish because a batch norm after a layer norm undoes its scale and shift. */
const beforeBatchNorm = (prefix: string) =>
  ['weight', 'bias'].map((name) => `gradient of ${prefix}ln.${name}`);

const cases: LayerCase[] = [
  layer('Conv2d', image, (random) => new core.Conv2d(8, 5, { kernelSize: 3, stride: 2, bias: true, random })),
  layer('DepthwiseConv2d', image, (random) => new core.DepthwiseConv2d(8, { kernelSize: 5, random })),
  layer('GroupedConv2d', image, (random) => new core.GroupedConv2d(8, 4, 2, { kernelSize: 3, random })),
  layer('Linear', rows, (random) => new core.Linear(10, 7, { random })),
  layer('MaxPool2d', image, () => new core.MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 })),
  layer('PReLU', image, () => new core.PReLU(8)),
  layer('ReLU', image, () => new core.ReLU()),
  layer('ReLU6', image, () => new core.ReLU6()),
  layer('SiLU', image, () => new core.SiLU()),
  layer('Hardswish', image, () => new core.Hardswish()),
  layer('Hardsigmoid', image, () => new core.Hardsigmoid()),
  layer('DropPath', image, (random) => new core.DropPath(0.5, random)),
  layer(
    'Sequential',
    image,
    (random) =>
      new core.Sequential(
        new core.Conv2d(8, 6, { kernelSize: 1, random }),
        new norms.BatchNorm2d(6, { activation: 'hard_swish' }),
        new core.DepthwiseConv2d(6, { kernelSize: 3, random }),
      ),
  ),
  layer('SqueezeExcite', image, (random) => new SqueezeExcite(8, 3, random)),
  norm('BatchNorm1d', rows, () => new norms.BatchNorm1d(10)),
  norm('BatchNorm2d', image, () => new norms.BatchNorm2d(8, { activation: 'relu' })),
  norm('LayerNorm', rows, () => new norms.LayerNorm(10)),
  {
    ...norm('LayerNormBatchNorm', rows, () => new norms.LayerNormBatchNorm(10)),
    vanishing: beforeBatchNorm(''),
  },
  norm('BatchNormLayerNorm', rows, () => new norms.BatchNormLayerNorm(10)),
  neck('Flatten', image, () => new Flatten()),
  neck('GAP', image, () => new GAP()),
  neck('Squeeze', image, (random) => new Squeeze(8, 2, random)),
  ...listHeadNorms().map((name) => ({
    ...neck('EmbeddingHead', rows, (random) => new EmbeddingHead(10, 6, { norm: name, random })),
    variant: name,
    vanishing: {
      layernorm: [],
      // A linear layer and a batch norm follow, and undo a shift before them.
      batchnorm: ['gradient of norm1.bias'],
      'layernorm-batchnorm': [...beforeBatchNorm('norm1.'), ...beforeBatchNorm('norm2.')],
      'batchnorm-layernorm': ['gradient of norm1.ln.bias'],
    }[name],
  })),
];

/** Every layer, norm and neck: in training its output, gradients and running averages, and its output in evaluation. */
export const layerChecks: AgreementCheck[] = cases.map(
  ({ group, subject, variant, input, create, vanishing }) => ({
    group,
    subject,
    name: [subject, variant].filter(Boolean).join(' '),
    vanishing,
    compute: () => computeLayer(create(new Random(1, 'contract', subject)), input),
  }),
);

async function computeLayer(module: AnyModule, shape: number[]): Promise<Values> {
  const layer = module as unknown as core.Module;
  // The input is a parameter, so that its gradient is computed too.
  const x = new Parameter(shape, fill(sizeOf(shape), 1, -2, 2));
  const named = layer.namedParameters();
  // Norms start with ones and zeros, which would hide errors; add noise to all parameters.
  named.forEach(([, { variable }], i) => {
    tf.tidy(() =>
      variable.assign(tf.add(variable, tf.tensor(fill(variable.size, i + 10, -0.3, 0.3), variable.shape))),
    );
  });
  const values: Record<string, ArrayLike<number>> = {};
  const take = async (name: string, tensor: tf.Tensor) => {
    values[name] = Float32Array.from(await tensor.data());
    tensor.dispose();
  };
  try {
    const { value, pullback } = core.forwardAndPullback(
      () => layer.forward(x.variable),
      [x, ...layer.parameters()],
    );
    const upstream = tf.tensor(fill(value.size, 99), value.shape);
    const gradients = pullback(upstream);
    upstream.dispose();
    await take('output in training', value);
    const names = ['the input', ...named.map(([name]) => name)];
    for (const [i, gradient] of gradients.entries()) {
      if (gradient) await take(`gradient of ${names[i]}`, gradient);
    }
    for (const [name, { variable }] of layer.namedBuffers()) {
      values[name] = Float32Array.from(await variable.data());
    }
    layer.eval();
    await take(
      'output in evaluation',
      tf.tidy(() => tf.clone(layer.forward(x.variable))),
    );
    return values;
  } finally {
    layer.dispose();
    x.dispose();
  }
}

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
