import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createBackbone } from '@unitsphere/backbones';
import { useBackend } from '@unitsphere/backends';
import { Random, readSafetensors, toFloat32 } from '@unitsphere/core';
import { documentBase, documentSmall } from '@unitsphere/models';
import { saveTimm, timmWeights } from '@unitsphere/pretrained';
import { expect, test } from 'vitest';
import { absolutePaths } from '../src/config/load-config.js';
import { parseOverrides } from '../src/config/overrides.js';
import { parseConfig, stringifyConfig } from '../src/config/parse-config.js';
import { SHIPPED_ARCHITECTURES } from '../src/config/shipped-architecture.js';
import { latestCheckpoint } from '../src/run/checkpoints.js';
import { UserError } from '../src/user-error.js';
import { pictureFolder, silentProgress, temporaryFolder, tinyConfig, train } from './fixtures.js';

test.each([
  ['weights/lcnet.safetensors', resolve('weights/lcnet.safetensors')],
  ['lcnet.pth', resolve('lcnet.pth')],
  ['timm/lcnet_050.ra2_in1k', 'timm/lcnet_050.ra2_in1k'],
  ['document-small', 'document-small'],
  ['https://example.org/lcnet.safetensors', 'https://example.org/lcnet.safetensors'],
])('model.pretrained: %s is resolved against the working folder if it is a file path', (written, meant) => {
  const config = tinyConfig('pictures');
  config.model.pretrained = written;
  expect(absolutePaths(config).model.pretrained).toBe(meant);
});

test('a run and its moving average start from the pretrained weights', async () => {
  await useBackend('wasm');
  const backbone = createBackbone('lcnet_035', { random: new Random(99) });
  const file = join(temporaryFolder(), 'weights.safetensors');
  await saveTimm(backbone, file);
  const wanted = await timmWeights(backbone);
  backbone.dispose();
  const config = tinyConfig(await pictureFolder(), 'optimizer: { ema: { decay: 0.9 } }');
  config.model.pretrained = file;
  const stop = new AbortController();
  stop.abort();
  // The run stops before its first step. The backbone in its checkpoint is that of the moving average.
  const { run } = await train(config, temporaryFolder(), { signal: stop.signal });
  const { checkpoint } = await latestCheckpoint(run);
  const [is, was] = [await checkpoint!.readFile('backbone.safetensors'), wanted].map(
    (bytes) => readSafetensors(bytes).tensors,
  );
  for (const [name, { data }] of was) expect(is.get(name)!.data, name).toEqual(data);
});

test('a backbone up to an earlier map starts from the weights of the whole one', async () => {
  await useBackend('wasm');
  const backbone = createBackbone('lcnet_035', { random: new Random(99) });
  const file = join(temporaryFolder(), 'weights.safetensors');
  await saveTimm(backbone, file);
  const wanted = readSafetensors(await timmWeights(backbone)).tensors;
  backbone.dispose();
  const config = tinyConfig(await pictureFolder());
  Object.assign(config.model, { pretrained: file, outIndex: 2 });
  const stop = new AbortController();
  stop.abort();
  const { run } = await train(config, temporaryFolder(), { signal: stop.signal });
  const { checkpoint } = await latestCheckpoint(run);
  const { tensors } = readSafetensors(await checkpoint!.readFile('backbone.safetensors'));
  const stages = new Set([...tensors.keys()].map((key) => key.split('.').slice(0, 2).join('.')));
  expect(stages).toContain('blocks.2');
  expect(stages).not.toContain('blocks.4');
  for (const [name, { data }] of tensors) expect(data, name).toEqual(wanted.get(name)!.data);
});

test.each([
  [[0.485, 0.456, 0.406], undefined],
  [
    [0.5, 0.5, 0.5],
    /the pretrained weights expect other inputs \(RGB, mean 0\.5 0\.5 0\.5, .*\) than this training's ImageNet normalization/,
  ],
])(
  'warns unless the pretrained weights were trained with ImageNet normalization: mean %j',
  async (mean, warning) => {
    await useBackend('wasm');
    const backbone = createBackbone('lcnet_035', { random: new Random(99) });
    const file = join(temporaryFolder(), 'weights.safetensors');
    await saveTimm(backbone, file);
    backbone.dispose();
    const preprocessing = { imageSize: 224, channelOrder: 'RGB', mean, std: [0.229, 0.224, 0.225] };
    writeFileSync(file.replace('.safetensors', '.json'), JSON.stringify(preprocessing));
    const config = tinyConfig(await pictureFolder());
    config.model.pretrained = file;
    const stop = new AbortController();
    stop.abort();
    const progress = silentProgress();
    await train(config, temporaryFolder(), { signal: stop.signal, progress });
    const note = progress.notes.find((line) => line.includes('other inputs'));
    if (warning) expect(note).toMatch(warning);
    else expect(note).toBeUndefined();
  },
);

test.each([
  ['that does not exist', 'none.safetensors', undefined, /none\.safetensors/],
  ['that is damaged', 'cut.safetensors', new Uint8Array(20), /cut\.safetensors cannot be read/],
])('a file %s stops the training before its first step', async (_, name, bytes, message) => {
  const file = join(temporaryFolder(), name);
  if (bytes) writeFileSync(file, bytes);
  const config = tinyConfig(await pictureFolder());
  config.model.pretrained = file;
  const error = await train(config, temporaryFolder()).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  expect(error.message).toMatch(/^the pretrained weights .* cannot be used: /);
  expect(error.message).toMatch(message);
});

test('a shipped model sets the architecture, and no other can be asked for', () => {
  const set = (...overrides: string[]) =>
    parseConfig('model: { backbone: lcnet_050, neck: gap }', { overrides: parseOverrides(overrides) });
  const { model, data } = set('model.pretrained=document-small', 'model.outIndex=3');
  expect(model).toMatchObject({ backbone: 'tf_efficientnet_lite0', outIndex: 3, neck: 'squeeze' });
  expect(data.imageSize).toBe(128);
  expect(set('model.pretrained=document-small', 'data.imageSize=192').data.imageSize).toBe(192);
  expect(parseConfig(stringifyConfig(set('model.pretrained=document-small'))).model).toEqual(model);
  expect(() => set('model.pretrained=document-small', 'model.backbone=lcnet_050')).toThrow(
    '--set model.backbone=lcnet_050: document-small has model.backbone=tf_efficientnet_lite0',
  );
});

test.each([
  ['document-small', documentSmall],
  ['document-base', documentBase],
] as const)('the architecture of %s is that of its files', (name, files) => {
  const { backbone, out_index, neck, squeeze_ratio, norm, embedding_size } = JSON.parse(
    files['config.json'] as string,
  ) as Record<string, unknown>;
  const { model, imageSize } = SHIPPED_ARCHITECTURES[name];
  expect({
    backbone,
    outIndex: out_index,
    neck,
    squeezeRatio: squeeze_ratio,
    norm,
    embeddingSize: embedding_size,
  }).toEqual(model);
  expect(JSON.parse(files['preprocessor_config.json'] as string)).toMatchObject({
    size: { height: imageSize, width: imageSize },
  });
});

test('a run starts from all weights of a shipped model', async () => {
  await useBackend('wasm');
  const base = tinyConfig(await pictureFolder());
  const { imageSize, model } = SHIPPED_ARCHITECTURES['document-small'];
  const config = {
    ...base,
    data: { ...base.data, imageSize },
    model: { ...base.model, ...model, pretrained: 'document-small' },
  };
  const stop = new AbortController();
  stop.abort();
  const { run } = await train(config, temporaryFolder(), { signal: stop.signal });
  const { checkpoint } = await latestCheckpoint(run);
  const shipped = readSafetensors(documentSmall['model.safetensors'] as Uint8Array).tensors;
  let compared = 0;
  for (const [file, prefix] of [
    ['backbone.safetensors', 'backbone.'],
    ['head.safetensors', ''],
  ]) {
    for (const [name, tensor] of readSafetensors(await checkpoint!.readFile(file)).tensors) {
      expect(toFloat32(tensor), name).toEqual(toFloat32(shipped.get(prefix + name)!));
      compared++;
    }
  }
  expect(compared).toBe(shipped.size);
});
