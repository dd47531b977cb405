import * as tf from '@tensorflow/tfjs-core';
import { Module } from '@unitsphere/core';
import { readOnnxInitializers } from '@unitsphere/pretrained';
import { start } from '@unitsphere/testing/backends';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ExportOnnxOptions, exportOnnx, OnnxExportError } from '../src/index.js';
import { runOnnx, runtime } from './onnx-runtime.js';
import { createSmallModel, drawImages, largestDifference, type SmallModel, toNchw } from './small-models.js';

let model: SmallModel;
const inputSize = 64;
const pixelCount = inputSize * inputSize * 3;

beforeAll(async () => {
  await start('wasm');
  model = createSmallModel('mobilenetv3_small_050', 'squeeze', 'layernorm-batchnorm');
});
afterAll(() => model.dispose());

/** Returns the model with some parts replaced. */
const withParts = (parts: object) => ({
  backbone: model.backbone,
  neck: model.neck,
  head: model.head,
  ...parts,
});

describe('the batch', () => {
  test.each([1, 2, 5])('may be %i', async (count) => {
    const bytes = await exportOnnx(model, { inputSize });
    const images = drawImages(count, inputSize);
    const theirs = await runOnnx(bytes, toNchw(images, inputSize), [count, 3, inputSize, inputSize]);
    expect(largestDifference(await model.embed(images), theirs)).toBeLessThan(1e-4);
  });
});

test('a fixed batch is the only one, and no side is dynamic', async () => {
  const vit = createSmallModel('vit_tiny_patch16_224', 'squeeze', 'layernorm-batchnorm');
  try {
    for (const each of [model, vit]) {
      const bytes = await exportOnnx(each, { inputSize, batch: 2 });
      const images = drawImages(2, inputSize);
      const theirs = await runOnnx(bytes, toNchw(images, inputSize), [2, 3, inputSize, inputSize]);
      expect(largestDifference(await each.embed(images), theirs)).toBeLessThan(1e-4);
      const single = runOnnx(bytes, new Float32Array(pixelCount), [1, 3, inputSize, inputSize]);
      await expect(single).rejects.toThrow(/dimension/);
      expect(Buffer.from(bytes).includes('batch')).toBe(false);
    }
  } finally {
    vit.dispose();
  }
});

test('values and layers are named as in the state dict', async () => {
  const text = Buffer.from(await exportOnnx(model, { inputSize })).toString('latin1');
  const names = ['backbone.conv_stem/HardSwish', 'head.linear2', 'head.norm2.ln/ReduceSum', 'Conv_0'];
  expect(names.filter((name) => text.includes(name))).toEqual(names.slice(0, 3));
});

describe('the input', () => {
  const mean = [0.485, 0.456, 0.406];
  const std = [0.229, 0.224, 0.225];
  const pixels = Uint8Array.from({ length: 2 * pixelCount }, (_, i) => (i * 7919) % 256);
  const normalize = (order: number[]) =>
    Float32Array.from(pixels, (_, i) => {
      const c = i % 3;
      return (pixels[i - c + order[c]] / 255 - mean[c]) / std[c];
    });

  test.each([
    ['RGB', [0, 1, 2]],
    ['BGR', [2, 1, 0]],
  ] as const)('uint8 normalizes pixels in the graph: %s', async (channelOrder, order) => {
    const bytes = await exportOnnx(model, {
      inputSize,
      input: 'uint8',
      preprocessing: { mean, std, channelOrder },
    });
    const theirs = await runOnnx(bytes, pixels, [2, inputSize, inputSize, 3]);
    expect(largestDifference(await model.embed(normalize([...order])), theirs)).toBeLessThan(1e-4);
  });

  test('uint8 works in float16 and int8', async () => {
    const preprocessing = { mean, std };
    const images = [pixels.slice(0, pixelCount), pixels.slice(pixelCount)];
    const ours = await model.embed(normalize([0, 1, 2]));
    for (const options of [
      { precision: 'float16' },
      { precision: 'int8', calibration: { runtime, images } },
    ] as const) {
      const bytes = await exportOnnx(model, { inputSize, input: 'uint8', preprocessing, ...options });
      const theirs = await runOnnx(bytes, pixels, [2, inputSize, inputSize, 3]);
      expect(largestDifference(ours, theirs)).toBeLessThan(options.precision === 'int8' ? 0.15 : 2e-3);
    }
  });

  test('float32 is RGB even if the network requires BGR', async () => {
    const bytes = await exportOnnx(model, { inputSize, preprocessing: { mean, std, channelOrder: 'BGR' } });
    const images = drawImages(1, inputSize);
    const swapped = images.map((_, i) => images[i - (i % 3) + 2 - (i % 3)]);
    const theirs = await runOnnx(bytes, toNchw(images, inputSize), [1, 3, inputSize, inputSize]);
    expect(largestDifference(await model.embed(swapped), theirs)).toBeLessThan(1e-4);
  });

  test('may be rectangular, with other names of input and output', async () => {
    const rectangle = createSmallModel('lcnet_050', 'gap', 'layernorm');
    try {
      const bytes = await exportOnnx(rectangle, {
        inputSize: [64, 96],
        inputName: 'image',
        outputName: 'image_embeds',
      });
      const session = await runtime.InferenceSession.create(bytes);
      expect([session.inputNames, session.outputNames]).toEqual([['image'], ['image_embeds']]);
      const image = new runtime.Tensor('float32', new Float32Array(3 * 64 * 96), [1, 3, 64, 96]);
      const { image_embeds: embeds } = await session.run({ image });
      expect(embeds.dims).toEqual([1, 16]);
      await session.release();
    } finally {
      rectangle.dispose();
    }
  });
});

describe('the file', () => {
  test('is the same for the same weights, and leaks no tensor', async () => {
    const before = tf.memory().numTensors;
    const options = { inputSize, metadata: { license: 'apache-2.0', fingerprint: 'abc' } };
    const [first, second] = [await exportOnnx(model, options), await exportOnnx(model, options)];
    expect(Buffer.compare(first, second)).toBe(0);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('has its metadata, and batch norms inside the convolutions', async () => {
    const bytes = await exportOnnx(model, {
      inputSize,
      description: 'A test.',
      metadata: { license: 'apache-2.0' },
    });
    const text = Buffer.from(bytes).toString('latin1');
    for (const part of ['@unitsphere/onnx-export', 'A test.', 'license', 'apache-2.0'])
      expect(text).toContain(part);
    expect(text.includes('BatchNormalization')).toBe(false);
    const weights = readOnnxInitializers(bytes);
    expect(weights.get('backbone.conv_stem.weight')?.shape).toEqual([16, 3, 3, 3]);
    expect(weights.has('backbone.conv_stem.bias')).toBe(true);
  });
});

/** A head that uses an operation without a counterpart. */
class Unsupported extends Module<tf.Tensor2D, tf.Tensor2D> {
  override forward(x: tf.Tensor2D): tf.Tensor2D {
    return tf.cumsum(x, 1);
  }
}

describe('refuses', () => {
  const cases: [string, () => object, Partial<ExportOnnxOptions>, RegExp][] = [
    ['training mode', () => withParts({}), {}, /backbone is in training mode.*eval\(\)/],
    ['an unsupported operation', () => withParts({ head: new Unsupported().eval() }), {}, /operation Cumsum/],
    ['int8 without images', () => withParts({}), { precision: 'int8' }, /calibration images/],
    [
      'calibration with no image',
      () => withParts({}),
      { precision: 'int8', calibration: { runtime, images: [] } },
      /at least one image/,
    ],
    [
      'a calibration image of another size',
      () => withParts({}),
      { precision: 'int8', calibration: { runtime, images: [new Float32Array(5)] } },
      /Calibration image 0 must be 12288 values/,
    ],
    ['an unknown precision', () => withParts({}), { precision: 'int4' as never }, /not int4/],
    ['uint8 without statistics', () => withParts({}), { input: 'uint8' }, /mean and std/],
    ['a wrong size', () => withParts({}), { inputSize: 0 }, /positive integers/],
    ['a wrong batch', () => withParts({}), { batch: 1.5 }, /batch must be a positive integer, not 1.5/],
  ];
  test.each(cases)('%s', async (name, makeParts, options, message) => {
    const before = tf.memory().numTensors;
    if (name === 'training mode') model.backbone.train();
    try {
      const parts = makeParts() as typeof model;
      const failure = exportOnnx(parts, { inputSize, ...options });
      await expect(failure).rejects.toThrow(OnnxExportError);
      await expect(failure).rejects.toThrow(message);
      expect(tf.memory().numTensors).toBe(before);
    } finally {
      model.backbone.eval();
    }
  });

  test('a weight that is NaN, by its name', async () => {
    const broken = createSmallModel('lcnet_050', 'gap', 'layernorm');
    try {
      const [name, { variable }] = broken.head.namedParameters()[0];
      tf.tidy(() => variable.assign(tf.mul(variable, Number.NaN)));
      await expect(exportOnnx(broken, { inputSize })).rejects.toThrow(`head.${name}`);
    } finally {
      broken.dispose();
    }
  });

  test('a weight that float16 cannot represent, by its name', async () => {
    const large = createSmallModel('lcnet_050', 'gap', 'layernorm');
    try {
      const [name, { variable }] = large.head.namedParameters()[0];
      tf.tidy(() => variable.assign(tf.fill(variable.shape, 1e5)));
      const failure = exportOnnx(large, { inputSize, precision: 'float16' });
      await expect(failure).rejects.toThrow(new RegExp(`head.${name}.*1e?\\+?0*5?.*float16`));
    } finally {
      large.dispose();
    }
  });
});
