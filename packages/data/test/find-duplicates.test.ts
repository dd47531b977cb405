import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, expect, test } from 'vitest';
import { DocumentSource } from '../src/documents/index.js';
import { findDuplicates } from '../src/find-duplicates.js';
import { openFolder } from '../src/folder/open-folder.js';
import { countBits, perceptualHash } from '../src/perceptual-hash.js';

const root = mkdtempSync(join(tmpdir(), 'unitsphere-duplicates-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const documents = await DocumentSource.create({ identities: 40, seed: 5, size: 256 });
const picture = (identity: number) => {
  const { data, width, height } = documents.load(identity, 0);
  return sharp(data, { raw: { width, height, channels: 3 } });
};
const save = async (file: string, bytes: Promise<Buffer>) => {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), await bytes);
};

test('finds copies and re-encoded copies under other names, and nothing else', async () => {
  for (let i = 0; i < 30; i++) await save(`person-${i}/photo.png`, picture(i).png().toBuffer());
  copyFileSync(join(root, 'person-3/photo.png'), join(root, 'person-7/other-name.png'));
  await save('person-5/small.jpg', picture(9).resize(150, 150).jpeg({ quality: 60 }).toBuffer());
  await save(
    'person-9/again.webp',
    picture(9).modulate({ brightness: 1.02 }).webp({ quality: 70 }).toBuffer(),
  );
  // Another photograph of the same document is no copy.
  const { data, width, height } = documents.load(11, 1);
  await save(
    'person-11/b.png',
    sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );
  for (const color of ['#777777', '#787878']) {
    await save(
      `flat-${color.slice(1)}/a.png`,
      sharp({ create: { width: 64, height: 64, channels: 3, background: color } })
        .png()
        .toBuffer(),
    );
  }
  const source = await openFolder(root, { cacheDir: false });
  const groups = await findDuplicates(source);
  expect(groups.map(({ kind, images }) => [kind, images.map(({ file }) => file).sort()])).toEqual([
    ['identical', ['person-3/photo.png', 'person-7/other-name.png']],
    ['near-identical', ['person-5/small.jpg', 'person-9/again.webp', 'person-9/photo.png']],
  ]);
  for (const { images } of groups) {
    for (const { identity, sample, file } of images) {
      expect(source.contents(identity)[sample].file).toBe(file);
    }
  }
});

test('finds a copy that is cropped by some pixels, and no card of the same design with another word', async () => {
  const folder = join(root, 'cropped');
  const word = (text: string) =>
    Buffer.from(
      `<svg width="256" height="256"><rect x="150" y="180" width="90" height="40"/><text x="155" y="210" font-size="24" fill="white">${text}</text></svg>`,
    );
  const card = (text: string) => picture(3).composite([{ input: word(text) }]);
  await save('cropped/whole/a.png', card('WORLD').png().toBuffer());
  // Encoded in between, because sharp crops before it composes.
  const whole = sharp(await card('WORLD').png().toBuffer());
  await save(
    'cropped/crop/a.jpg',
    whole
      .extract({ left: 2, top: 4, width: 250, height: 248 })
      .resize(220, 139, { fit: 'fill' })
      .jpeg()
      .toBuffer(),
  );
  await save('cropped/other/a.png', card('DEBIT 77').png().toBuffer());
  const groups = await findDuplicates(await openFolder(folder, { cacheDir: false }));
  expect(groups.map(({ kind, images }) => [kind, images.map(({ file }) => file).sort()])).toEqual([
    ['near-identical', ['crop/a.jpg', 'whole/a.png']],
  ]);
});

test('hashes from the cache equal those of the files', async () => {
  const options = { cacheDir: join(root, '.cache') };
  const fresh = await openFolder(root, options);
  const cached = await openFolder(root, options);
  for (let identity = 0; identity < fresh.identities.length; identity++)
    expect(cached.contents(identity)).toEqual(fresh.contents(identity));
  expect(fresh.contents(0)[0].sha256).toMatch(/^[0-9a-f]{64}$/);
});

test('a source without files has no duplicates', async () => {
  expect(await findDuplicates(documents)).toEqual([]);
});

test('hashes of different documents are far apart', () => {
  const hashes = Array.from({ length: 40 }, (_, i) => perceptualHash(documents.load(i, 0)));
  const distances = hashes.flatMap((a, i) =>
    hashes.slice(0, i).map((b) => countBits(a[0] ^ b[0]) + countBits(a[1] ^ b[1])),
  );
  expect(Math.min(...distances)).toBeGreaterThan(4);
  const mean = distances.reduce((sum, distance) => sum + distance, 0) / distances.length;
  expect(Math.abs(mean - 31.5)).toBeLessThan(4);
});
