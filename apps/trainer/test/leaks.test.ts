import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DocumentSource } from '@unitsphere/data';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { parseConfig } from '../src/config/parse-config.js';
import { openDataset } from '../src/dataset/dataset.js';
import { describeLeaks } from '../src/dataset/find-leaks.js';
import { splitByFolders } from '../src/dataset/given-split.js';
import { useTemporaryFolder } from './fixtures/temporary-folder.js';

const temporaryFolder = useTemporaryFolder();
const documents = await DocumentSource.create({ identities: 40, seed: 3, size: 64 });
const save = async (file: string, identity: number, sample = 0) => {
  const { data, width, height } = documents.load(identity, sample);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );
};
const open = (dir: string, extra: object = {}) =>
  openDataset(
    parseConfig(`data: ${JSON.stringify({ source: 'folder', path: dir, imageSize: 32, ...extra })}`),
    { warn: () => {} },
  );

test('uses the split of folders train, val and test, and reports identities in several of them', async () => {
  const dir = temporaryFolder();
  for (let i = 0; i < 6; i++) {
    for (let k = 0; k < 2; k++) await save(join(dir, `train/person-${i}/${k}.png`), i, k);
  }
  for (let i = 5; i < 8; i++) await save(join(dir, `test/person-${i}/9.png`), i, 9);
  for (let i = 8; i < 10; i++) await save(join(dir, `val/person-${i}/1.png`), i, 1);
  const { source, split, leaks } = await open(dir);
  const names = (part: number[]) => part.map((i) => source.identities[i].name);
  expect(names(split.train)).toEqual([0, 1, 2, 3, 4, 5].map((i) => `train/person-${i}`));
  expect(names(split.validation)).toEqual(['val/person-8', 'val/person-9']);
  expect(names(split.test)).toEqual(['test/person-5', 'test/person-6', 'test/person-7']);
  expect(describeLeaks(leaks)).toEqual([
    '1 held-out identities are also in the training folder (test/person-5): figures on them are not of unseen identities',
  ]);
  await expect(open(dir, { strict: true })).rejects.toThrow(/also in the training folder/);
});

test('reports copies of a picture in two parts and in two identities, and refuses them with data.strict', async () => {
  const dir = temporaryFolder();
  for (let i = 0; i < 6; i++) await save(join(dir, `train/a-${i}/1.png`), i);
  for (let i = 6; i < 9; i++) await save(join(dir, `test/b-${i}/1.png`), i);
  for (let i = 9; i < 11; i++) await save(join(dir, `val/c-${i}/1.png`), i);
  expect(describeLeaks((await open(dir, { strict: true })).leaks)).toEqual([]);
  cpSync(join(dir, 'train/a-2/1.png'), join(dir, 'test/b-7/copy.png'));
  cpSync(join(dir, 'train/a-0/1.png'), join(dir, 'train/a-5/copy.png'));
  expect(describeLeaks((await open(dir)).leaks)).toEqual([
    '1 picture is both for training and held out:\n  test/b-7/copy.png = train/a-2/1.png (identical)',
    '1 picture is of several identities:\n  train/a-0/1.png = train/a-5/copy.png (identical)',
  ]);
  await expect(open(dir, { strict: true })).rejects.toThrow(/both for training and held out/);
});

test('draws a part that the folders lack from the training folder', () => {
  const names = [...Array(20).keys()].map((i) => `train/${i}`).concat(['test/a', 'test/b', 'test/c']);
  const { split, alsoTrained } = splitByFolders(names, { train: 0.8, validation: 0.1, test: 0.1 });
  expect(split.test).toEqual([20, 21, 22]);
  expect(split.validation.length).toBeGreaterThanOrEqual(2);
  expect(split.train.length + split.validation.length).toBe(20);
  expect(alsoTrained).toEqual([]);
});

test.each([
  ['no training folder', ['val/a', 'test/b', 'val/c', 'test/d', 'val/e', 'test/f']],
  ['other folders beside them', ['train/a', 'test/b', 'x/c', 'train/d', 'test/e', 'train/f']],
  ['identities with these names', ['train', 'test', 'val', 'a', 'b', 'c']],
])('splits by lot with %s', (_, names) => {
  const { split } = splitByFolders(names, { train: 0.4, validation: 0.3, test: 0.3 });
  expect([split.train.length, split.validation.length, split.test.length].sort()).toEqual([2, 2, 2]);
});

test('a folder of few identities can be trained on, whatever the seed', async () => {
  const dir = temporaryFolder();
  for (let i = 0; i < 10; i++) await save(join(dir, `${i}.png`), i);
  for (let seed = 0; seed < 5; seed++) {
    const config = parseConfig(`seed: ${seed}\ndata: { source: folder, path: ${JSON.stringify(dir)} }`);
    const { split } = await openDataset(config, { warn: () => {} });
    expect(split.validation.length).toBeGreaterThanOrEqual(2);
    expect(split.test.length).toBeGreaterThanOrEqual(2);
  }
});
