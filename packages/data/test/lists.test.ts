import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alignFace, alignQuad, type Point, squash } from '@unitsphere/images';
import sharp from 'sharp';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { DecodedSource } from '../src/encoded/decoded-source.js';
import { openReader } from '../src/encoded/open-reader.js';
import { type FormatSpec, listImages } from '../src/formats.js';
import { openSource } from '../src/open-source.js';
import { packImages } from '../src/pack-images.js';
import { noiseImage } from './images.js';

const golden = fileURLToPath(new URL('../../../tools/golden/files/lists/', import.meta.url));
const expected = JSON.parse(readFileSync(`${golden}expected.json`, 'utf8')) as {
  identity: string;
  isQuery: boolean;
  isGallery: boolean;
  width: number;
  height: number;
  pixels: number[];
}[];
const root = mkdtempSync(join(tmpdir(), 'unitsphere-lists-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let dir: string;
let count = 0;
beforeEach(() => {
  dir = join(root, `test-${count++}`);
  mkdirSync(dir);
});

const open = (spec: FormatSpec, side = 8, memory?: number) =>
  openSource({ ...spec, cacheDir: false, side, memory } as FormatSpec) as Promise<DecodedSource>;
const png = (color: number[]) =>
  sharp({
    create: { width: 8, height: 8, channels: 3, background: { r: color[0], g: color[1], b: color[2] } },
  })
    .png()
    .toBuffer();

/** Returns the images of a source by identity, with their roles in a retrieval. */
async function contentOf(source: DecodedSource) {
  const found: { identity: string; isQuery?: boolean; isGallery?: boolean; pixels: number[] }[] = [];
  for (const [identity, { name, samples }] of source.identities.entries()) {
    const contents = source.contents(identity);
    for (let sample = 0; sample < samples; sample++) {
      const { isQuery, isGallery } = contents[sample];
      const { data } = await source.load(identity, sample);
      found.push({ identity: name, isQuery, isGallery, pixels: [...data] });
    }
  }
  return found;
}

/** What the golden lists hold, resized to a side, in the order of the bytes of the identities. */
const expectedAt = (side: number) =>
  expected
    .map(({ identity, isQuery, isGallery, pixels, width, height }) => {
      const whole = { width, height, data: Uint8Array.from(pixels) };
      return { identity, isQuery, isGallery, pixels: [...squash(whole, side).data] };
    })
    .sort((a, b) => (a.identity < b.identity ? -1 : a.identity > b.identity ? 1 : 0));

/** Boxes are cut as PIL does, so only the resizing of whole images can round otherwise. */
const expectSame = (found: Awaited<ReturnType<typeof contentOf>>, side: number) => {
  const wanted = expectedAt(side);
  expect(found.map(({ pixels, ...rest }) => rest)).toEqual(wanted.map(({ pixels, ...rest }) => rest));
  for (const [i, { pixels }] of found.entries()) {
    for (const [at, value] of pixels.entries()) {
      expect(Math.abs(value - wanted[i].pixels[at]), `image ${i}`).toBeLessThanOrEqual(1);
    }
  }
};

describe('lists by pandas and pyarrow', () => {
  test.each(['list.csv', 'windows.csv'])(
    "reads open-metric-learning's columns and boxes from %s",
    async (name) => {
      for (const memory of [undefined, 0]) {
        const source = await open({ kind: 'csv', path: `${golden}${name}` }, 8, memory);
        expect(source.skipped).toEqual([]);
        expectSame(await contentOf(source), 8);
      }
    },
  );

  const hasZstd = process.versions.node.localeCompare('22.15', undefined, { numeric: true }) >= 0;
  test.each(['none', 'snappy', 'gzip', 'brotli', 'groups', 'plain', 'categories', 'nested', 'zstd'])(
    'reads the same from %s.parquet',
    async (name) => {
      const read = open({ kind: 'parquet', path: `${golden}${name}.parquet` });
      if (name === 'zstd' && !hasZstd) {
        await expect(read).rejects.toThrow(/zstd\.parquet" is not .*Zstandard requires Node 22\.15/);
      } else expectSame(await contentOf(await read), 8);
    },
  );

  test.each(['csv', 'jsonl', 'parquet'])(
    "reads Hugging Face's imagefolder with metadata.%s",
    async (name) => {
      const folder = `${golden}imagefolder-${name}`;
      const source = await open({ kind: 'folder', dir: folder });
      expect(source.identities.map(({ name }) => name)).toEqual(['7', '9']);
      expect(source.contents(0).map(({ file }) => file)).toEqual(['a.png', 'b.png']);
      expect((await contentOf(source)).map(({ pixels }) => pixels)).toEqual(
        expectedAt(8)
          .slice(0, 4)
          .map(({ pixels }) => pixels),
      );
      // A grouping that is asked for wins.
      const files = await open({ kind: 'folder', dir: folder, identityPer: 'file' });
      expect(files.identities.length).toBe(4);
    },
  );
});

describe('folders with metadata', () => {
  test('takes the part of the split from the folder of the metadata or of the file', async () => {
    for (const part of ['train', 'test']) {
      cpSync(`${golden}imagefolder-csv`, join(dir, part), { recursive: true });
    }
    const parts = await open({ kind: 'folder', dir });
    expect(parts.identities.map(({ name }) => name)).toEqual(['test/7', 'test/9', 'train/7', 'train/9']);
    writeFileSync(
      join(dir, 'metadata.jsonl'),
      '\ufeff{"file_name": "train/a.png", "label": "x"}\r\n\r\n{"file_name": "test/b.png", "label": 3}',
    );
    const whole = await open({ kind: 'folder', dir });
    expect(whole.identities.map(({ name }) => name)).toEqual(['test/3', 'train/x']);
  });

  test('reports metadata without labels, and takes the folders as identities', async () => {
    for (const name of ['a', 'b']) cpSync(`${golden}images/${name}.png`, join(dir, name, '1.png'));
    writeFileSync(join(dir, 'metadata.csv'), 'file_name,text\na/1.png,hello\n');
    const { identities, skipped } = await open({ kind: 'folder', dir });
    expect(identities.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(skipped.map(({ file, reason }) => `${file}: ${reason}`)).toEqual([
      `metadata.csv: "${join(dir, 'metadata.csv')}" has no column "label"; its columns are file_name, text. The folders are the identities.`,
    ]);
    writeFileSync(join(dir, 'metadata.csv'), 'file_name,label\n"a/1.png');
    await expect(open({ kind: 'folder', dir })).rejects.toThrow(/metadata.csv" is not a CSV file/);
  });
});

describe('regions', () => {
  test('aligns faces by the columns of their landmarks, and straightens four corners', async () => {
    const photo = noiseImage(90, 80, 3);
    const bytes = await sharp(photo.data, { raw: { width: 90, height: 80, channels: 3 } })
      .png()
      .toBuffer();
    writeFileSync(join(dir, 'photo.png'), bytes);
    const landmarks: Point[] = [
      [30, 30],
      [60.5, 31],
      [45, 45],
      [33, 60],
      [58, 61],
    ];
    const names = ['lefteye', 'righteye', 'nose', 'leftmouth', 'rightmouth'];
    const path = join(dir, 'faces.csv');
    const head = `path,label,${names.flatMap((name) => [`${name}_x`, `${name}_y`]).join()}`;
    const moved = landmarks.map(([x, y]) => [x + 1, y]);
    writeFileSync(path, `${head}\nphoto.png,a,${landmarks.join()}\nphoto.png,b,${moved.join()}\n`);
    const faces = await open({ kind: 'csv', path }, 112);
    expect((await faces.load(0, 0)).data).toEqual(alignFace(photo, landmarks, 112).data);
    expect((await faces.load(1, 0)).data).not.toEqual((await faces.load(0, 0)).data);
    const large = await open({ kind: 'csv', path }, 140);
    const aligned = squash(alignFace(photo, landmarks, 224), 140);
    expect((await large.load(0, 0)).data).toEqual(aligned.data);
    expect(await large.loadResized(0, 0, 140)).toEqual(aligned);

    const corners: Point[] = [
      [10, 8],
      [70, 12],
      [66, 70],
      [6, 60],
    ];
    const cards = join(dir, 'cards.csv');
    const columns = [1, 2, 3, 4].flatMap((i) => [`x_${i}`, `y_${i}`]);
    writeFileSync(cards, `path,label,${columns}\nphoto.png,a,${corners}\nphoto.png,b,,,,,,,,\n`);
    const quads = await open({ kind: 'csv', path: cards }, 32);
    expect((await quads.load(0, 0)).data).toEqual(alignQuad(photo, corners, { width: 32, height: 32 }).data);
    expect(quads.contents(0)[0].file).toBe('photo.png#10,8,70,12');
    expect(quads.contents(1)[0].file).toBe('photo.png');
  });

  test('knows boxes of one file apart in the cache, and again when a box changes', async () => {
    cpSync(golden, dir, { recursive: true });
    const path = join(dir, 'list.csv');
    const cached = () =>
      openSource({ kind: 'csv', path, cacheDir: join(dir, 'cache'), side: 8 }) as Promise<DecodedSource>;
    expectSame(await contentOf(await cached()), 8);
    expectSame(await contentOf(await cached()), 8);
    writeFileSync(path, readFileSync(path, 'utf8').replace('0.0,0.0,20.0,10.0', '1.0,0.0,21.0,10.0'));
    const moved = await contentOf(await cached());
    const fresh = await contentOf(await open({ kind: 'csv', path }));
    expect(moved).toEqual(fresh);
    expect(moved[4].pixels).not.toEqual(expectedAt(8)[4].pixels);
  });

  test('leaves out an image whose box is outside it, and packs what boxes show', async () => {
    cpSync(golden, dir, { recursive: true });
    const path = join(dir, 'list.csv');
    for (const ending of ['tar', 'rec']) {
      const packed = join(dir, `packed.${ending}`);
      await packImages(await listImages({ kind: 'csv', path }), packed);
      const kind = ending === 'tar' ? 'webdataset' : 'recordio';
      const found = await contentOf(await open({ kind, path: packed }));
      const wanted = expectedAt(8);
      expect(found.map(({ identity }) => identity)).toEqual(wanted.map(({ identity }) => identity));
      for (const [i, { pixels }] of found.entries()) {
        expect(Math.max(...pixels.map((value, at) => Math.abs(value - wanted[i].pixels[at])))).toBeLessThan(
          2,
        );
      }
    }
    writeFileSync(path, readFileSync(path, 'utf8').replace('0.0,0.0,20.0,10.0', '60,0,80,10'));
    const { skipped } = await open({ kind: 'csv', path });
    expect(skipped.map(({ reason }) => reason)).toEqual([
      'its box 60, 0, 80, 10 has no pixel of the image of 40 × 30',
    ]);
  });
});

describe('what is not a list', () => {
  test('reads relative and absolute paths, and reports files that cannot be used', async () => {
    for (const i of [1, 2, 3]) writeFileSync(join(dir, `${i}.png`), await png([10 * i, 0, 0]));
    const path = join(dir, 'list.csv');
    writeFileSync(
      path,
      `\ufeffpath,label,split\n1.png,7,train\n"2.png",7,train\n${join(dir, '3.png')},"b, c",validation\nnone.png,7,train\nsub\\none.png,7,train\n4.txt,7,train\n`,
    );
    const source = await open({ kind: 'csv', path });
    expect(source.identities).toEqual([
      { name: 'train/7', samples: 2 },
      { name: 'validation/b, c', samples: 1 },
    ]);
    expect(source.skipped.map(({ file, reason }) => [file, reason.slice(0, 12)])).toEqual([
      ['none.png', 'ENOENT: no s'],
      ['sub\\none.png', 'ENOENT: no s'],
      ['4.txt', 'not an image'],
    ]);
  });

  test('reads a category as the super-class of an identity', async () => {
    for (const [i, name] of ['1', '2', '3', '4'].entries()) {
      writeFileSync(join(dir, `${name}.png`), await png([10 * i, 2, 3]));
    }
    const path = join(dir, 'list.csv');
    writeFileSync(path, 'path,label,category\n1.png,b,shoe\n2.png,a,bag\n3.png,c,\n4.png,b,shoe\n');
    const source = await open({ kind: 'csv', path });
    expect(source.identities).toEqual([
      { name: 'a', samples: 1, superClass: 'bag' },
      { name: 'b', samples: 2, superClass: 'shoe' },
      { name: 'c', samples: 1 },
    ]);
    writeFileSync(path, 'path,label,category\n1.png,b,shoe\n2.png,b,bag\n3.png,c,\n');
    await expect(listImages({ kind: 'csv', path })).rejects.toThrow(
      /Line 3 .*: the category of "b" is "bag", but another row says "shoe"/,
    );
  });

  test.each(['super_classes', 'super_classes_encoded'])(
    'reads the categories of %s.parquet',
    async (name) => {
      const source = await open({ kind: 'parquet', path: `${golden}${name}.parquet` });
      expect(source.identities).toEqual([
        { name: 'a', samples: 1, superClass: 'bag' },
        { name: 'b', samples: 2, superClass: 'shoe' },
        { name: 'c', samples: 1 },
      ]);
    },
  );

  test('refuses what is not such a list, by its line', async () => {
    writeFileSync(join(dir, '1.png'), await png([1, 2, 3]));
    const path = join(dir, 'list.csv');
    const read = (text: string) => {
      writeFileSync(path, text);
      return listImages({ kind: 'csv', path });
    };
    await expect(listImages({ kind: 'csv', path: join(dir, 'none.csv') })).rejects.toThrow(/does not exist/);
    await expect(read('path;label\n')).rejects.toThrow(
      /no column "path"; its columns are path;label. Separate the columns by commas/,
    );
    await expect(read('path,name\n')).rejects.toThrow(/no column "label"/);
    await expect(read('path,label\n1.png\n')).rejects.toThrow(/is not a CSV file: .*line 2/);
    await expect(read('path,label\n1.png,\n')).rejects.toThrow(/Line 2 .* lacks its label/);
    await expect(read('path,label,x_1\n1.png,a,5\n')).rejects.toThrow(/Line 2 .* lacks "y_1" of its box/);
    await expect(read('path,label,x_1,y_1,x_2,y_2\n1.png,a,5,0,5,9\n')).rejects.toThrow(
      /Line 2 .* box without extent/,
    );
    await expect(read('path,label,x_1\n1.png,a,left\n')).rejects.toThrow(/"x_1" is "left", not a number/);
    await expect(read('path,label,is_query\n1.png,a,maybe\n')).rejects.toThrow(/neither true nor false/);
    await expect(read(`path,label\n"${'x'.repeat(100_000)}`)).rejects.toThrow(/is not a CSV file/);
    await expect(read('path,label\n')).rejects.toThrow(/0 images of 0 identities/);
    await expect(read('path,label\n1.png,a\n1.png,b\n')).rejects.toThrow(/has "1.png" twice/);
    await expect(read('path,label\n1.png,a\n')).rejects.toThrow(/1 images of 1 identities/);
  });

  test('refuses damaged Parquet files and metadata', async () => {
    const path = join(dir, 'list.parquet');
    const read = (bytes: string | Uint8Array) => {
      writeFileSync(path, bytes);
      return listImages({ kind: 'parquet', path });
    };
    const whole = readFileSync(`${golden}snappy.parquet`);
    await expect(read('')).rejects.toThrow(/list.parquet" is not a Parquet file/);
    await expect(read('path,label\n1.png,a\n')).rejects.toThrow(/is not a Parquet file/);
    await expect(read(whole.subarray(100))).rejects.toThrow(/is not a Parquet file/);
    const cut = Buffer.from(whole).fill(0xff, 100, 140);
    await expect(read(cut)).rejects.toThrow(/is not a Parquet file/);
    writeFileSync(join(dir, 'metadata.jsonl'), '[1, 2]\n');
    await expect(listImages({ kind: 'folder', dir })).rejects.toThrow(/Line 1 .* is not a JSON object/);
    writeFileSync(join(dir, 'metadata.jsonl'), '{"file_name": "a.png", "label": {}}\n');
    await expect(listImages({ kind: 'folder', dir })).rejects.toThrow(/"label" is neither text nor a number/);
  });

  test('reads a file again by its path, not by the name of its region', async () => {
    const images = await listImages({ kind: 'csv', path: `${golden}list.csv` });
    const reader = openReader(images);
    const scene = readFileSync(`${golden}images/scene.png`);
    expect(Buffer.from(await reader.read(4)).equals(scene)).toBe(true);
    expect(reader.signature(4)).not.toBe(reader.signature(5));
    reader.close();
  });
});
