import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { inspect, pack } from '../src/commands/data.js';

let folder: string;
let output: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'unitsphere-data-'));
  output = '';
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += text;
    return true;
  });
  for (const [i, path] of ['ann/1', 'ann/2', 'ann/3', 'bob/1', 'zoe/1'].entries()) {
    mkdirSync(join(folder, 'photos', path, '..'), { recursive: true });
    const noise = { type: 'gaussian', mean: 120, sigma: 40 } as const;
    const image = sharp({ create: { width: 32, height: 32, channels: 3, background: '#000', noise } });
    writeFileSync(join(folder, 'photos', `${path}.png`), await image.rotate(i).png().toBuffer());
  }
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test('inspects a folder: identities, a histogram, unreadable files, copies, and how to train', async () => {
  const photos = join(folder, 'photos');
  writeFileSync(join(photos, 'bob', '2.png'), 'not a picture');
  const copy = await sharp(join(photos, 'ann', '1.png'))
    .png()
    .toBuffer();
  writeFileSync(join(photos, 'ann', '1.png'), copy);
  writeFileSync(join(photos, 'zoe', '2.png'), copy);
  expect(await inspect(photos, {})).toBe(0);
  const lines = output.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^3 identities, 6 images, \d+ kB$/);
  expect(lines.slice(1, 4)).toEqual([
    '  1 image: 1 identities',
    '  2 images: 1 identities',
    '  3 to 4 images: 1 identities',
  ]);
  expect(output).toMatch(/1 files are not used:\n {2}bob\/2\.png: not an image/);
  expect(output).toMatch(
    /1 pictures belong to several identities:\n {2}ann\/1\.png = zoe\/2\.png \(identical\)/,
  );
  expect(lines.at(-1)).toBe(`To train on them: unitsphere train --data ${photos}`);
  output = '';
  await inspect(photos, { json: true });
  expect(JSON.parse(output)).toMatchObject({ identities: 3, images: 6, settings: [] });
});

test('shows the smallest and the largest image, and the distribution of the sides', async () => {
  const photos = join(folder, 'sizes');
  for (const [i, [width, height]] of [
    [10, 12],
    [90, 20],
    [30, 30],
    [31, 30],
    [32, 40],
  ].entries()) {
    mkdirSync(join(photos, `${i}`), { recursive: true });
    const background = { r: 40 * i, g: 20, b: 200 - 30 * i };
    await sharp({ create: { width, height, channels: 3, background } })
      .jpeg()
      .withMetadata({ orientation: i === 1 ? 6 : 1 })
      .toFile(join(photos, `${i}`, 'a.jpg'));
  }
  await inspect(photos, {});
  expect(output).toContain(
    'pixels: smallest 10 × 12 (0/a.jpg), largest 20 × 90 (1/a.jpg); minimum, 5 %, median, 95 % and maximum of\n' +
      '  widths: 10, 10, 30, 32, 32\n  heights: 12, 12, 30, 90, 90\n',
  );
  output = '';
  await inspect(photos, { json: true });
  expect(JSON.parse(output).sizes).toMatchObject({
    smallest: { width: 10, height: 12, file: '0/a.jpg' },
    widths: { minimum: 10, median: 30, maximum: 32 },
  });
});

test('packs a folder, and inspects the archives', async () => {
  for (const name of ['a.tar', 'a.rec']) {
    const file = join(folder, name);
    output = '';
    expect(await pack(join(folder, 'photos'), file)).toBe(0);
    expect(output).toBe(`5 images in ${file}\n`);
    expect(existsSync(file)).toBe(true);
    output = '';
    await inspect(file, { json: true });
    expect(JSON.parse(output)).toMatchObject({ identities: 3, images: 5, skipped: [] });
  }
  await expect(pack(join(folder, 'photos'), join(folder, 'a.zip'))).rejects.toThrow(
    /neither a .tar nor a .rec/,
  );
  await expect(pack(join(folder, 'none'), join(folder, 'a.tar'))).rejects.toThrow(/no such folder/);
});
