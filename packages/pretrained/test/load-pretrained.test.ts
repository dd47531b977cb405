import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { type Backbone, createBackbone } from '@unitsphere/backbones';
import { float32, Random, readSafetensors, type StateDict, writeSafetensors } from '@unitsphere/core';
import type { Preprocessing } from '@unitsphere/images';
import { on, read, start } from '@unitsphere/testing/backends';
import { readGolden } from '@unitsphere/testing/golden';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { classifierKeys } from '../src/classifier-keys.js';
import { loadPretrained, SourceError, saveTimm, timmWeights, WeightsMismatchError } from '../src/index.js';
import { bytesOf, expectSame } from './helpers.js';
import { encodeLCNetAsOnnx } from './paddle-onnx.js';

const lcnet = (seed: number, options = {}) =>
  createBackbone('lcnet_035', { random: new Random(seed), ...options });

let published: StateDict;
let bytes: Uint8Array;
let folder: string;

beforeAll(async () => {
  await start('wasm');
  const model = lcnet(1);
  published = await model.stateDict();
  model.dispose();
  // A whole model in timm has these after the features.
  published.set('conv_head.weight', float32([2, 176, 1, 1], new Float32Array(352)));
  published.set('classifier.bias', float32([2], new Float32Array(2)));
  bytes = writeSafetensors(published);
  folder = mkdtempSync(join(tmpdir(), 'unitsphere-load-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Creates a backbone that is disposed of after the test. */
function model(options = {}): Backbone {
  const backbone = lcnet(2, options);
  onTestFinished(() => backbone.dispose());
  return backbone;
}

/** Returns the published weights with a change. */
function withChange(change: (state: StateDict) => void): Uint8Array {
  const state = new Map(published);
  change(state);
  return writeSafetensors(state);
}

const features = () => new Map([...published].filter(([key]) => !/^(conv_head|classifier)/.test(key)));

async function mismatchOf(loading: Promise<unknown>): Promise<WeightsMismatchError> {
  const error = await loading.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(WeightsMismatchError);
  return error as WeightsMismatchError;
}

describe('loads', () => {
  test.each(['tf_efficientnet_b0', 'tf_efficientnet_lite0'] as const)(
    "efficientnet_pytorch's keys into %s",
    async (name) => {
      const made = createBackbone(name, { random: new Random(1) });
      const state = await made.stateDict();
      made.dispose();
      // efficientnet_pytorch numbers its blocks consecutively. Its layers have these names, in execution order.
      const LAYERS = [
        [
          '_expand_conv',
          '_bn0',
          '_depthwise_conv',
          '_bn1',
          '_se_reduce',
          '_se_expand',
          '_project_conv',
          '_bn2',
        ],
        ['_depthwise_conv', '_bn1', '_se_reduce', '_se_expand', '_project_conv', '_bn2'],
      ];
      const blocks = [
        ...new Set([...state.keys()].map((key) => key.split('.').slice(0, 3).join('.'))),
      ].filter((key) => key.startsWith('blocks'));
      const theirs: StateDict = new Map(
        [...state].map(([key, tensor]) => {
          const [, block, layer, rest] = /^(blocks\.\d+\.\d+)\.(.+)\.([^.]+)$/.exec(key) ?? [];
          if (!block) return [key.replace('conv_stem', '_conv_stem').replace('bn1', '_bn0'), tensor];
          const layers = [
            ...new Set(
              [...state.keys()]
                .filter((other) => other.startsWith(`${block}.`))
                .map((other) => other.slice(block.length + 1).replace(/\.[^.]+$/, '')),
            ),
          ];
          const names = LAYERS[block === 'blocks.0.0' ? 1 : 0].filter(
            (name) => layers.includes('se.conv_reduce') || !name.startsWith('_se'),
          );
          return [`_blocks.${blocks.indexOf(block)}.${names[layers.indexOf(layer)]}.${rest}`, tensor];
        }),
      );
      theirs.set('_fc.bias', float32([2], new Float32Array(2)));
      theirs.set('_bn1.bias', float32([2], new Float32Array(2)));
      expect(theirs.has('_blocks.15._bn2.running_var')).toBe(true);
      const backbone = createBackbone(name, { random: new Random(2) });
      const { skippedKeys } = await loadPretrained(backbone, writeSafetensors(theirs));
      expect(skippedKeys).toEqual(['classifier.bias', 'bn2.bias']);
      expectSame(await backbone.stateDict(), state);
      backbone.dispose();
    },
  );

  test('converted keys; the function receives only keys that are not ignored', async () => {
    const other: StateDict = new Map([...published].map(([key, tensor]) => [`visual.${key}`, tensor]));
    other.set('text.weight', float32([1], new Float32Array(1)));
    const backbone = model();
    const seen: string[] = [];
    const loaded = await loadPretrained(backbone, writeSafetensors(other), {
      ignore: /^text\./,
      convert: (state) => {
        seen.push(...state.keys());
        return new Map([...state].map(([key, tensor]) => [key.replace('visual.', ''), tensor]));
      },
    });
    expect(seen).toEqual([...published.keys()].map((key) => `visual.${key}`));
    expect(loaded.skippedKeys).toEqual(['conv_head.weight', 'classifier.bias', 'text.weight']);
    expectSame(await backbone.stateDict(), features());
  });

  test('bytes, a file and a file URL, without the classifier and without leaving tensors', async () => {
    const file = join(folder, 'lcnet.safetensors');
    writeFileSync(file, bytes);
    for (const source of [bytes, bytes.slice().buffer, file, pathToFileURL(file)]) {
      const backbone = model();
      const before = tf.memory().numTensors;
      const loaded = await loadPretrained(backbone, source);
      expect(tf.memory().numTensors).toBe(before);
      expect(loaded).toMatchObject({
        format: 'safetensors',
        skippedKeys: ['conv_head.weight', 'classifier.bias'],
        mismatch: { missing: [], unexpected: [], wrongShape: [] },
        isInputAdapted: false,
      });
      expectSame(await backbone.stateDict(), features());
    }
  });

  test.each([1, 4])('weights of 3 channels into %i', async (inChannels) => {
    const backbone = model({ inChannels });
    const { isInputAdapted } = await loadPretrained(backbone, bytes);
    expect(isInputAdapted).toBe(true);
    const expected = backbone.adaptInput(published).get('conv_stem.weight')!;
    expect((await backbone.stateDict()).get('conv_stem.weight')!.data).toEqual(expected.data);
  });

  test('weights of a vision transformer into another image size', async () => {
    const create = (inputSize: number | readonly [number, number], seed: number) => {
      const backbone = createBackbone('vit_tiny_patch16_224', {
        random: new Random(seed),
        outIndices: [0],
        inputSize,
      });
      onTestFinished(() => backbone.dispose());
      return backbone;
    };
    const state = await create(64, 1).stateDict();
    const file = writeSafetensors(state);
    const backbone = create([160, 96], 2);
    const loaded = await loadPretrained(backbone, file);
    expect(loaded).toMatchObject({ arePositionsResampled: true, isInputAdapted: false });
    const expected = backbone.adaptPositions(state).get('pos_embed')!;
    expect(expected.shape).toEqual([1, 61, 192]);
    expectSame(await backbone.stateDict(), new Map([...state, ['pos_embed', expected]]));
    const same = await loadPretrained(create(64, 3), file);
    expect(same.arePositionsResampled).toBe(false);
  });

  test('a backbone without its last stages, if those are ignored', async () => {
    const backbone = model({ outIndices: [0, 1] });
    const { mismatch } = await mismatchOf(loadPretrained(backbone, bytes));
    expect(mismatch.missing).toEqual([]);
    expect(mismatch.unexpected.every(({ key }) => /^blocks\.[2-5]\./.test(key))).toBe(true);
    const { skippedKeys } = await loadPretrained(backbone, bytes, { ignore: /^blocks\.[2-5]\./g });
    expect(skippedKeys.length).toBe(mismatch.unexpected.length + 2);
  });

  test('the preprocessing beside the weights', async () => {
    const preprocessing: Preprocessing = {
      imageSize: 64,
      channelOrder: 'RGB',
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.5, 1],
    };
    const saved = model();
    const file = join(folder, 'deep', 'saved.safetensors');
    await saveTimm(saved, file, { preprocessing });
    expect(JSON.parse(readFileSync(join(folder, 'deep', 'saved.json'), 'utf8'))).toEqual(preprocessing);
    expect(readSafetensors(readFileSync(file)).metadata).toEqual({ format: 'pt' });
    const backbone = lcnet(3);
    expect((await loadPretrained(backbone, file)).preprocessing).toEqual(preprocessing);
    expectSame(await backbone.stateDict(), await saved.stateDict());
    backbone.dispose();
    writeFileSync(join(folder, 'deep', 'saved.json'), '{"channelOrder":"RGB","imageSize":0}');
    await expect(loadPretrained(saved, file)).rejects.toThrow(
      /saved\.json cannot be used: imageSize must be/,
    );
  });

  test('bit-identical weights after saving', async () => {
    const backbone = model();
    await loadPretrained(backbone, bytes);
    expectSame(readSafetensors(await timmWeights(backbone)).tensors, features());
  });
});

describe('a mismatch', () => {
  test('reports missing, unexpected and wrongly shaped keys with the closest names, and changes nothing', async () => {
    const backbone = model();
    const before = await backbone.stateDict();
    const wrong = withChange((state) => {
      state.set('blocks.0.0.conv_depth.weight', state.get('blocks.0.0.conv_dw.weight')!);
      state.delete('blocks.0.0.conv_dw.weight');
      state.set('blocks.1.0.bn1.weight', float32([3], new Float32Array(3)));
    });
    const { mismatch, message } = await mismatchOf(loadPretrained(backbone, wrong));
    expect(mismatch).toEqual({
      missing: [{ key: 'blocks.0.0.conv_dw.weight', nearest: 'blocks.0.0.conv_depth.weight' }],
      unexpected: [{ key: 'blocks.0.0.conv_depth.weight', nearest: 'blocks.0.0.conv_dw.weight' }],
      wrongShape: [{ key: 'blocks.1.0.bn1.weight', found: [3], expected: [16] }],
    });
    expect(message).toBe(`The weights of the given bytes do not match the model:
  1 key missing from the file:
    blocks.0.0.conv_dw.weight (the file has blocks.0.0.conv_depth.weight)
  1 key that the model does not have:
    blocks.0.0.conv_depth.weight (the model has blocks.0.0.conv_dw.weight)
  1 key of another shape:
    blocks.1.0.bn1.weight has [3], but [16] is required`);
    expectSame(await backbone.stateDict(), before);
  });

  test('reports keys with an additional prefix as the closest', async () => {
    const prefixed = writeSafetensors(
      new Map([...features()].map(([key, value]) => [`backbone.${key}`, value])),
    );
    const { message } = await mismatchOf(loadPretrained(model(), prefixed));
    expect(message).toContain('conv_stem.weight (the file has backbone.conv_stem.weight)');
    expect(message).toMatch(/… and \d+ more/);
  });

  test('is returned instead of thrown without strict, except for a wrong shape', async () => {
    const backbone = model();
    const without = withChange((state) => {
      state.delete('bn1.bias');
      state.set('other', float32([1], Float32Array.of(1)));
    });
    const { mismatch } = await loadPretrained(backbone, without, { strict: false });
    expect(mismatch).toEqual({
      missing: [{ key: 'bn1.bias' }],
      unexpected: [{ key: 'other' }],
      wrongShape: [],
    });
    expect((await backbone.stateDict()).get('bn1.weight')!.data).toEqual(published.get('bn1.weight')!.data);
    const misshapen = withChange((state) => state.set('bn1.bias', float32([1], Float32Array.of(1))));
    await mismatchOf(loadPretrained(backbone, misshapen, { strict: false }));
  });

  test('does not include missing counters', async () => {
    const old = withChange((state) => {
      for (const key of state.keys()) if (key.endsWith('num_batches_tracked')) state.delete(key);
    });
    await loadPretrained(model(), old);
  });

  test('with ten thousand unexpected keys is reported quickly', async () => {
    const strange = new Map(
      Array.from(
        { length: 10_000 },
        (_, i) => [`layer.${'x'.repeat(150)}.${i}`, float32([0], new Float32Array())] as const,
      ),
    );
    const startedAt = performance.now();
    const { message } = await mismatchOf(
      loadPretrained(model(), writeSafetensors(new Map([...features(), ...strange]))),
    );
    expect(performance.now() - startedAt).toBeLessThan(3000);
    expect(message.length).toBeLessThan(5000);
  });
});

describe('sources that cannot be loaded', () => {
  test.each([
    ['nothing/here.safetensors', /nothing\/here\.safetensors cannot be read: it does not exist/],
    ['ftp://example.org/w.pth', /only http and https/],
    ['hf-hub:lcnet', /write hf-hub:owner\/name/],
    ['./here', /\.\/here cannot be read: it does not exist/],
  ])('%s', async (source, message) => {
    const loading = loadPretrained(model(), source, { offline: true });
    await expect(loading).rejects.toThrow(SourceError);
    await expect(loading).rejects.toThrow(message);
  });

  test('a folder', async () => {
    await expect(loadPretrained(model(), folder)).rejects.toThrow(/it is a folder; name a file in it/);
  });

  test.each([
    ['<!doctype html><html>', /a web page, not weights/],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:1', /a Git LFS pointer/],
    ['\x1f\x8b\x08', /gunzip/],
    ['', /is empty/],
    ['hello', /not a safetensors file, a PyTorch checkpoint or an ONNX model/],
  ])('bytes that are not weights: %j', async (text, message) => {
    await expect(loadPretrained(model(), Buffer.from(text, 'latin1'))).rejects.toThrow(message);
  });
});

describe('ONNX', () => {
  test('is loaded by the names of its initializers', async () => {
    const backbone = model();
    const { format } = await loadPretrained(backbone, encodeLCNetAsOnnx(features(), { names: 'pytorch' }));
    expect(format).toBe('onnx');
    const expected = [...features()].filter(([key]) => !key.endsWith('num_batches_tracked'));
    const state = await backbone.stateDict();
    for (const [key, { data }] of expected)
      expect(Buffer.compare(bytesOf(state.get(key)!), new Uint8Array(data.buffer)), key).toBe(0);
  });

  test('of PaddlePaddle is loaded by the order of its convolutions', async () => {
    const backbone = model();
    await loadPretrained(backbone, encodeLCNetAsOnnx(features(), { names: 'paddle' }));
    const expected = [...features()].filter(([key]) => !key.endsWith('num_batches_tracked'));
    const state = await backbone.stateDict();
    for (const [key, { data }] of expected)
      expect(Buffer.compare(bytesOf(state.get(key)!), new Uint8Array(data.buffer)), key).toBe(0);
  });

  test('with folded batch norms computes the same feature maps', async () => {
    const [whole, folded] = [model().eval(), model().eval()];
    const random = new Random(5);
    // Random statistics, chosen so that the feature maps do not vanish.
    const statistics = new Map(
      [...features()].map(([key, tensor]) => {
        const [from, to] = key.endsWith('running_var') ? [0.05, 0.2] : [-0.5, 0.5];
        const isNorm = tensor.shape.length === 1 && !key.includes('.se.') && !/bn\d\.weight$/.test(key);
        const values = Float32Array.from(
          { length: tensor.data.length },
          () => random.uniform() * (to - from) + from,
        );
        return [key, isNorm ? float32(tensor.shape, values) : tensor] as const;
      }),
    );
    await loadPretrained(whole, writeSafetensors(statistics));
    await loadPretrained(folded, encodeLCNetAsOnnx(statistics, { names: 'paddle', fold: true }));
    const image = Float32Array.from({ length: 64 * 64 * 3 }, (_, i) => Math.sin(i));
    const [a, b] = await on('wasm', () => {
      const x = tf.tensor4d(image, [1, 64, 64, 3]);
      return Promise.all([read(whole.forward(x)), read(folded.forward(x))]);
    });
    const largest = Math.max(...a.map(Math.abs));
    expect(largest).toBeGreaterThan(0.01);
    for (const [i, value] of a.entries()) expect(Math.abs(value - b[i])).toBeLessThan(1e-4 * largest);
  });

  test('of another network is refused with the first convolution that differs', async () => {
    const other = createBackbone('lcnet_050', { random: new Random(1) });
    onTestFinished(() => other.dispose());
    const lines = encodeLCNetAsOnnx(features(), { names: 'paddle', strides: [2, 1] });
    await expect(loadPretrained(model(), lines)).rejects.toThrow(
      /convolution 1 of \d+ \("conv_stem\.weight"\) has the strides \[2,1\], as for text lines/,
    );
    await expect(loadPretrained(other, encodeLCNetAsOnnx(features(), { names: 'paddle' }))).rejects.toThrow(
      /another network: convolution 5 of 31 \("blocks\.1\.0\.conv_pw\.weight"\) has the shape \[24,16,1,1\], but \[32,16,1,1\]/,
    );
    const resnet = createBackbone('resnet18', { random: new Random(1), outIndices: [0] });
    onTestFinished(() => resnet.dispose());
    await mismatchOf(loadPretrained(resnet, encodeLCNetAsOnnx(features(), { names: 'paddle' })));
  });
});

interface KeysCase {
  name: string;
  entries: string[];
  classifierOnly: string[];
}

test.each(readGolden<KeysCase>('state_dict').cases)(
  'finds exactly the classifier keys of the published $name',
  ({ entries, classifierOnly }) => {
    const keys = (list: string[]) => list.map((entry) => entry.split(' ')[0]);
    const whole: StateDict = new Map(
      [...entries, ...classifierOnly].map((entry) => [entry.split(' ')[0], float32([0], new Float32Array())]),
    );
    expect(classifierKeys(whole, keys(entries))).toEqual(keys(classifierOnly));
  },
);
