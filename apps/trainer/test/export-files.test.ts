import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { readSafetensors, writeSafetensors } from '@unitsphere/core';
import { createEmbedder, saveEmbedder } from '@unitsphere/embedder';
import { start } from '@unitsphere/testing/backends';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportModel } from '../src/export/export-model.js';
import { type ExportOptions, TARGETS } from '../src/export/export-options.js';
import { Progress } from '../src/progress/progress.js';
import { UserError } from '../src/user-error.js';

const folder = mkdtempSync(join(tmpdir(), 'export-files-'));
const model = join(folder, 'model');
const data = join(folder, 'images');

beforeAll(async () => {
  await start('wasm');
  mkdirSync(data);
  for (let i = 0; i < 4; i++) {
    const background = { r: 60 * i, g: 200 - 50 * i, b: 90 + 40 * i };
    const image = sharp({ create: { width: 32, height: 32, channels: 3, background } });
    writeFileSync(join(data, `${i}.png`), await image.png().toBuffer());
  }
  const embedder = await createEmbedder({ backbone: 'lcnet_035', imageSize: 32, embeddingSize: 8 });
  await saveEmbedder(embedder, model);
  embedder.dispose();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (options: Pick<ExportOptions, 'to' | 'output'> & Partial<ExportOptions>) =>
  exportModel({ model, data, backend: 'wasm', progress: new Progress({ totalSteps: 1 }), ...options });

function readAll(output: string): Map<string, Buffer> {
  const entries = readdirSync(output, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(files.sort().map((file) => [relative(output, file), readFileSync(file)]));
}

// The layout of transformers.js has every precision.
test.each(TARGETS)('%s: the same model gives the same bytes', async (to) => {
  const outputs = ['a', 'b'].map((name) => join(folder, `${name}-${to}`));
  for (const output of outputs) await run({ to, output });
  const [first, second] = outputs.map(readAll);
  expect([...first.keys()]).toEqual([...second.keys()]);
  for (const [name, bytes] of first) expect(bytes.equals(second.get(name) as Buffer), name).toBe(true);
});

describe('a model that cannot be exported is refused before anything is written', () => {
  const broken = join(folder, 'broken');
  beforeAll(() => {
    mkdirSync(broken);
    for (const [name, bytes] of readAll(model)) writeFileSync(join(broken, name), bytes);
    const { tensors } = readSafetensors(readFileSync(join(broken, 'model.safetensors')));
    const values = tensors.get('backbone.conv_stem.weight')?.data as Float32Array;
    values[3] = Number.NaN;
    writeFileSync(join(broken, 'model.safetensors'), writeSafetensors(tensors));
  });

  test.each(TARGETS)('%s of weights with NaN, by the name of the tensor', async (to) => {
    const failure = run({ model: broken, to, output: join(folder, 'refused') });
    await expect(failure).rejects.toThrow(UserError);
    await expect(failure).rejects.toThrow(/backbone\.conv_stem\.weight/);
    expect(readdirSync(folder)).not.toContain('refused');
  });

  test('timm of a backbone that timm lacks', async () => {
    const foreign = join(folder, 'foreign');
    const embedder = await createEmbedder({ backbone: 'mobilefacenet', imageSize: 32, embeddingSize: 8 });
    await saveEmbedder(embedder, foreign);
    embedder.dispose();
    const failure = run({ model: foreign, to: 'timm', output: join(folder, 'refused') });
    await expect(failure).rejects.toThrow(/timm has no mobilefacenet/);
    expect(readdirSync(folder)).not.toContain('refused');
  });
});

describe('a full disk', () => {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  // Mounting a small disk requires root on Linux.
  const canMount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=100k', 'tmpfs', disk]).status === 0;
  afterAll(() => {
    if (canMount) execFileSync('umount', [disk]);
  });

  test.skipIf(!canMount).each(TARGETS)(
    '%s: is reported with the free space and leaves nothing behind',
    async (to) => {
      const failure = run({ to, output: join(disk, to) });
      await expect(failure).rejects.toThrow(UserError);
      await expect(failure).rejects.toThrow(/cannot be written: the disk is full \(0 MiB free\)/);
      expect(readdirSync(disk)).toEqual([]);
    },
  );
  test.skipIf(canMount)('skipped: mounting a small tmpfs requires root', () => {});
});
