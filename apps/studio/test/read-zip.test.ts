import { strToU8, zipSync } from 'fflate';
import { expect, test } from 'vitest';
import { addFiles } from '../src/data/add-files.js';
import { PictureSet } from '../src/data/picture-set.js';
import { readZip } from '../src/data/read-zip.js';

const zip = (files: Parameters<typeof zipSync>[0]) =>
  new File([zipSync(files) as Uint8Array<ArrayBuffer>], 'cards.zip', { type: 'application/zip' });
const pixel = strToU8('P6 1 1 255 abc');

async function identitiesOf(archive: File): Promise<Record<string, string[]>> {
  const set = new PictureSet();
  await addFiles(set, [archive]);
  return Object.fromEntries(
    set.identities().map(({ name, pictures }) => [name, pictures.map(({ id }) => id)]),
  );
}

test('names identities by the folders of a zip file', async () => {
  expect(await identitiesOf(zip({ a: { '1.ppm': pixel, '2.ppm': pixel }, b: { '1.ppm': pixel } }))).toEqual({
    a: ['a/1.ppm', 'a/2.ppm'],
    b: ['b/1.ppm'],
  });
});

test('leaves out a folder around everything, and the files that systems add', async () => {
  const archive = zip({
    'my cards': { a: { '1.ppm': pixel, '.DS_Store': pixel }, b: { '1.ppm': pixel } },
    __MACOSX: { a: { '._1.ppm': pixel } },
  });
  expect(Object.keys(await identitiesOf(archive))).toEqual(['a', 'b']);
});

test('takes each picture of a flat zip file for an identity', async () => {
  expect(Object.keys(await identitiesOf(zip({ '1.ppm': pixel, '2.ppm': pixel })))).toEqual([
    '1.ppm',
    '2.ppm',
  ]);
});

test('lists files that are no pictures', async () => {
  const set = new PictureSet();
  await addFiles(set, [zip({ a: { '1.ppm': pixel, 'notes.txt': pixel } })]);
  expect(set.unreadable().map(({ file }) => file)).toEqual(['a/notes.txt']);
});

test('refuses a damaged zip file, one without pictures, and one that is too large unpacked', async () => {
  const damaged = new File([new Uint8Array(100)], 'cards.zip');
  await expect(addFiles(new PictureSet(), [damaged])).rejects.toThrow(/cards\.zip cannot be read/);
  await expect(addFiles(new PictureSet(), [zip({ 'a.txt': pixel })])).rejects.toThrow(/no pictures/);
  await expect(readZip(zip({ 'a.ppm': new Uint8Array(2000) }), 1000)).rejects.toThrow(/too large/);
});
