import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@unitsphere/core/random';
import { createEmbedder, saveEmbedder } from '@unitsphere/embedder';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { printQuantization } from '../src/quantization/print-quantization.js';
import { runQuantization } from '../src/quantization/run-quantization.js';

test('measures what each precision costs on test images, and names a missing peer', {
  timeout: 60_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quantization-'));
  const python = process.env['UNITSPHERE_PYTHON'];
  try {
    process.env['UNITSPHERE_PYTHON'] = join(folder, 'no-python');
    const random = new Random(4);
    for (let i = 0; i < 4; i++) {
      const raw = Uint8Array.from({ length: 8 * 8 * 3 }, () => random.int(256));
      const image = sharp(raw, { raw: { width: 8, height: 8, channels: 3 } }).resize(32, 32);
      writeFileSync(join(folder, `${i}.png`), await image.png().toBuffer());
    }
    const embedder = await createEmbedder({ backbone: 'lcnet_035', imageSize: 32 });
    await saveEmbedder(embedder, join(folder, 'model'));
    const identities = join(folder, 'identities.json');
    writeFileSync(identities, JSON.stringify({ test: ['0.png', '1.png', '2.png'] }));
    const report = await runQuantization(
      { model: join(folder, 'model'), data: folder, identities, calibration: folder, images: 8, seeds: 2 },
      undefined,
      new URL('../../tools/peers/package.json', import.meta.url),
    );
    expect(report.identities).toBe(3);
    // The tested identities are not for calibration.
    expect(report.calibration.count).toBe(1);
    expect(report.files.map(({ label }) => label)).toEqual(['float32', 'float16', 'int8 weights', 'int8']);
    const [full, half, , int8] = report.files;
    expect(full.cosine.smallest).toBeCloseTo(1, 5);
    expect(half.cosine.smallest).toBeGreaterThan(0.99);
    expect(int8.cosine.smallest).toBeLessThan(half.cosine.smallest);
    expect(report.without).toMatch(/quantize_static failed.*UNITSPHERE_PYTHON/);
    const table = printQuantization(report);
    expect(table).toContain(`model (fingerprint ${embedder.fingerprint.slice(0, 8)}) on 3 identities`);
    expect(table).toContain('| int8 ');
  } finally {
    if (python === undefined) delete process.env['UNITSPHERE_PYTHON'];
    else process.env['UNITSPHERE_PYTHON'] = python;
    rmSync(folder, { recursive: true });
  }
});
