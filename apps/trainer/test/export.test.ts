import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBackbone } from '@unitsphere/backbones';
import { Random, readSafetensors } from '@unitsphere/core';
import { createEmbedder, loadEmbedder, saveEmbedder } from '@unitsphere/embedder';
import { start } from '@unitsphere/testing/backends';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportModel } from '../src/export/export-model.js';
import type { ExportOptions } from '../src/export/export-options.js';
import { exportTimm } from '../src/export/export-timm.js';
import { Progress } from '../src/progress/progress.js';
import { UserError } from '../src/user-error.js';

const IDENTITIES = 8;
let folder: string;
let model: string;
let data: string;

beforeAll(async () => {
  await start('wasm');
  folder = mkdtempSync(join(tmpdir(), 'export-'));
  model = join(folder, 'model');
  data = join(folder, 'images');
  mkdirSync(data);
  const random = new Random(4);
  for (let i = 0; i < IDENTITIES; i++) {
    // Coarse colors, which resizing and augmentation leave recognizable.
    const raw = Uint8Array.from({ length: 8 * 8 * 3 }, () => random.int(256));
    const png = sharp(raw, { raw: { width: 8, height: 8, channels: 3 } })
      .resize(96, 96, { kernel: 'cubic' })
      .png();
    writeFileSync(join(data, `card-${i}.png`), await png.toBuffer());
  }
  const embedder = await createEmbedder({ backbone: 'lcnet_035', imageSize: 64, embeddingSize: 32 });
  await saveEmbedder(embedder, model);
  embedder.dispose();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (options: Pick<ExportOptions, 'to' | 'output'> & Partial<ExportOptions>) =>
  exportModel({ model, data, backend: 'wasm', progress: new Progress({ totalSteps: 1 }), ...options });

test('onnx: writes a folder that ONNX Runtime runs, and the check into its card', async () => {
  const output = join(folder, 'onnx');
  const { checks, sizes } = await run({ to: 'onnx', output, license: 'apache-2.0' });
  expect([...sizes.keys()].sort()).toEqual([
    'README.md',
    'config.json',
    'model.onnx',
    'preprocessor_config.json',
  ]);
  const check = checks.get('model.onnx');
  expect(check?.largestDifference).toBeLessThan(1e-4);
  expect([check?.identities, check?.pairKind]).toEqual([IDENTITIES / 2, 'augmented']);
  const card = readFileSync(join(output, 'README.md'), 'utf8');
  expect(card).toContain('license: "apache-2.0"');
  expect(card).toContain('## Export');
  expect(card).toMatch(/\| 1e-1 \| [01]\.\d{4} \| [01]\.\d{4} \|/);
  const [ours, theirs] = [await loadEmbedder(model), await loadEmbedder(output, { runtime: 'onnx' })];
  const image = join(data, 'card-0.png');
  const [a, b] = [await ours.embed(image), await theirs.embed(image)];
  expect(a.reduce((sum, value, i) => sum + value * b[i], 0)).toBeCloseTo(1, 5);
  ours.dispose();
  theirs.dispose();
});

test('onnx in int8: smaller, and the check shows the rounding', async () => {
  const full = await run({ to: 'onnx', output: join(folder, 'full') });
  const small = await run({ to: 'onnx', precision: 'int8', output: join(folder, 'int8') });
  const size = (result: typeof full) => result.sizes.get('model.onnx') as number;
  // The scales of so small a network weigh more than those of a usual one.
  expect(size(small) / size(full)).toBeLessThan(0.4);
  // The check sees the rounding. A network without training says nothing about its cost in accuracy.
  const difference = (result: typeof full) => result.checks.get('model.onnx')?.largestDifference as number;
  expect(difference(small)).toBeGreaterThan(10 * difference(full));
});

test('transformers: writes three precisions and compares each', async () => {
  const output = join(folder, 'transformers');
  const { checks } = await run({ to: 'transformers', output });
  expect([...checks.keys()]).toEqual([
    'onnx/model.onnx',
    'onnx/model_fp16.onnx',
    'onnx/model_quantized.onnx',
  ]);
  expect(readdirSync(output).sort()).toEqual([
    'README.md',
    'config.json',
    'onnx',
    'preprocessor_config.json',
  ]);
});

test('timm: the backbone weights alone, under the keys of the backbone', async () => {
  const output = join(folder, 'timm');
  await run({ to: 'timm', output });
  const backbone = createBackbone('lcnet_035', { random: new Random(0) });
  const { tensors } = readSafetensors(readFileSync(join(output, 'model.safetensors')));
  expect(backbone.loadStateDict(tensors)).toEqual({ missing: [], unexpected: [] });
  backbone.dispose();
  expect(readFileSync(join(output, 'README.md'), 'utf8')).toContain(
    "timm.create_model('lcnet_035', features_only=True)",
  );
  expect(readFileSync(join(output, 'README.md'), 'utf8')).not.toContain('loadEmbedder');
});

test('timm: the card loads a vision transformer into the module inside of its features', async () => {
  const embedder = await createEmbedder({ backbone: 'vit_tiny_patch16_224', imageSize: 32 });
  const files = await exportTimm(embedder, {});
  embedder.dispose();
  const card = new TextDecoder().decode(files.get('README.md'));
  expect(card).toContain(
    "'vit_tiny_patch16_224', features_only=True, img_size=32)\nmodel.model.load_state_dict(",
  );
});

test('folder: a model folder with the same fingerprint', async () => {
  const output = join(folder, 'folder');
  const { fingerprint } = await run({ to: 'folder', output });
  const loaded = await loadEmbedder(output);
  expect(loaded.fingerprint).toBe(fingerprint);
  loaded.dispose();
});

test.each<[string, Partial<ExportOptions>, RegExp]>([
  [
    'a batch for another target',
    { to: 'tfjs', batch: 1 },
    /--batch is only for --to onnx; tfjs .*any number/,
  ],
  [
    'an input for another target',
    { to: 'folder', input: 'uint8' },
    /--input is only for --to onnx; folder .*no graph/,
  ],
  ['a precision for another target', { to: 'timm', precision: 'int8' }, /only for --to onnx; timm .*float32/],
  ['onnx of a model folder without images', { to: 'onnx', data: undefined }, /is not a run/],
  ['a model that does not exist', { model: 'no-such-model' }, /no-such-model/],
])('refuses %s', async (_name, options, message) => {
  const output = join(folder, 'refused');
  const failure = run({ to: 'folder', output, ...options });
  await expect(failure).rejects.toThrow(UserError);
  await expect(failure).rejects.toThrow(message);
  expect(readdirSync(folder)).not.toContain('refused');
});

test('refuses a folder with files before it reads the model', async () => {
  const failure = run({ to: 'folder', output: data, model: 'no-such-model' });
  await expect(failure).rejects.toThrow(/is not empty/);
});
