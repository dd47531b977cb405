import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { listImageCaches } from '../src/encoded/cache-folders.js';
import type { DecodedSource } from '../src/encoded/decoded-source.js';
import { listFolder } from '../src/folder/list-folder.js';
import { type FolderOptions, openFolder } from '../src/folder/open-folder.js';
import type { Image } from '../src/image.js';
import { pictureImage } from './images.js';

const root = mkdtempSync(join(tmpdir(), 'unitsphere-folder-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let dir: string;
let count = 0;
beforeEach(() => {
  dir = join(root, `images-${count++}`);
  mkdirSync(dir);
});

const asSharp = (image: Image) =>
  sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } });
const picture = () => asSharp(pictureImage(40, 30));
const save = async (file: string, image: Sharp, format: 'png' | 'jpeg' | 'webp' | 'tiff' | 'gif' = 'png') => {
  mkdirSync(dirname(join(dir, file)), { recursive: true });
  writeFileSync(join(dir, file), await image.toFormat(format).toBuffer());
};
const flat = (r: number, g: number, b: number, width = 20, height = 20) =>
  sharp({ create: { width, height, channels: 3, background: { r, g, b } } });
const open = (options: FolderOptions = {}) => openFolder(dir, { cacheDir: false, side: 16, ...options });
/** Returns an image of a source whose images are all in memory. */
const loaded = (source: DecodedSource, identity: number, sample: number) =>
  source.load(identity, sample) as Image;
/** Returns the pixels of all images of a source. */
const pixelsOf = async (source: DecodedSource) => {
  const images: Image[] = [];
  for (const [identity, { samples }] of source.identities.entries()) {
    for (let sample = 0; sample < samples; sample++) images.push(await source.load(identity, sample));
  }
  return images.map(({ data }) => Buffer.from(data).toString('hex'));
};
const color = (image: Image, x = 8, y = 8) => {
  const p = (y * image.width + x) * 3;
  return [...image.data.subarray(p, p + 3)];
};

describe('openFolder', () => {
  test('groups files and folders into identities in byte order', async () => {
    await save('b.png', flat(1, 1, 1));
    await save('Z.png', flat(2, 2, 2));
    await save('é.png', flat(3, 3, 3));
    await save('people/ann/2.png', flat(4, 4, 4));
    await save('people/ann/10.png', flat(5, 5, 5));
    await save('people/bob/1.png', flat(6, 6, 6));
    const source = await open();
    expect(source.identities).toEqual([
      { name: 'Z.png', samples: 1 },
      { name: 'b.png', samples: 1 },
      { name: 'people/ann', samples: 2 },
      { name: 'people/bob', samples: 1 },
      { name: 'é.png', samples: 1 },
    ]);
    expect(color(loaded(source, 2, 0))).toEqual([5, 5, 5]);
    expect(color(loaded(source, 2, 1))).toEqual([4, 4, 4]);
    expect((await open({ identityPer: 'file' })).identities.length).toBe(6);
    const folders = await open({ identityPer: 'folder' });
    expect(folders.identities.map(({ name }) => name)).toEqual(['people/ann', 'people/bob']);
    expect(folders.skipped.map(({ file }) => file)).toEqual(['Z.png', 'b.png', 'é.png']);
    expect(() => source.load(5, 0)).toThrow(/identity 5 is not in \[0, 5\)/);
    expect(() => source.load(2, 2)).toThrow(/sample 2 of "people\/ann" is not in \[0, 2\)/);
  });
});

/** Encodes an 8 × 8 little-endian TIFF of 32-bit floating-point samples. */
function floatTiff(channels: number, value: (channel: number) => number): Buffer {
  const pixels = Float32Array.from({ length: 64 * channels }, (_, i) => value(i % channels));
  const tags = [
    [256, 3, 1, 8],
    [257, 3, 1, 8],
    [258, 3, 1, 32],
    [259, 3, 1, 1],
    [262, 3, 1, channels === 3 ? 2 : 1],
    [273, 4, 1, 8 + 2 + 11 * 12 + 4],
    [277, 3, 1, channels],
    [278, 3, 1, 8],
    [279, 4, 1, pixels.byteLength],
    [284, 3, 1, 1],
    [339, 3, 1, 3],
  ];
  const head = Buffer.alloc(8 + 2 + tags.length * 12 + 4);
  head.write('II*\0', 0, 'latin1');
  head.writeUInt32LE(8, 4);
  head.writeUInt16LE(tags.length, 8);
  tags.forEach(([tag, type, count, content], i) => {
    head.writeUInt16LE(tag, 10 + i * 12);
    head.writeUInt16LE(type, 12 + i * 12);
    head.writeUInt32LE(count, 14 + i * 12);
    head.writeUInt32LE(content, 18 + i * 12);
  });
  return Buffer.concat([head, Buffer.from(pixels.buffer)]);
}

describe('what is not an identity', () => {
  test('reports the number of files while it lists them', async () => {
    for (let i = 0; i < 5001; i++) writeFileSync(join(dir, `${i}.png`), '');
    const listed: number[] = [];
    await listFolder(dir, 'auto', (files) => listed.push(files));
    expect(listed).toEqual([5001]);
  });

  test('ignores folders of systems and archives without a report', async () => {
    for (const name of ['a.png', 'b.png']) await save(name, flat(1, 1, 1));
    for (const name of ['@eaDir', '$RECYCLE.BIN', 'lost+found', '#recycle', '__MACOSX', '.thumbnails'])
      await save(`${name}/x.png`, flat(2, 2, 2));
    await save('ann/@eaDir/1.png', flat(2, 2, 2));
    const source = await open();
    expect(source.identities.map(({ name }) => name)).toEqual(['a.png', 'b.png']);
    expect(source.skipped).toEqual([]);
  });

  test('reports runs of the trainer, and reads none of their plots', async () => {
    for (const name of ['ann/1.png', 'bob/1.png', 'runs/documents-1/plots/roc.png'])
      await save(name, flat(1, 1, 1));
    mkdirSync(join(dir, 'runs/documents-1/checkpoints'));
    writeFileSync(join(dir, 'runs/documents-1/config.yaml'), 'seed: 1');
    const source = await open();
    expect(source.identities.map(({ name }) => name)).toEqual(['ann', 'bob']);
    expect(source.skipped).toEqual([{ file: 'runs/documents-1', reason: 'a training run, not images' }]);
  });

  test.skipIf(process.platform === 'win32')(
    'reports a folder that is linked twice, and links to a parent',
    async () => {
      for (const name of ['ann/1.png', 'bob/1.png']) await save(name, flat(1, 1, 1));
      symlinkSync(join(dir, 'ann'), join(dir, 'zoe'));
      symlinkSync(dir, join(dir, 'bob', 'loop'));
      const source = await open();
      expect(source.identities.map(({ name }) => name)).toEqual(['ann', 'bob']);
      expect(source.skipped).toEqual([
        { file: 'bob/loop', reason: 'a link to ".", which is already read' },
        { file: 'zoe', reason: 'a link to "ann", which is already read' },
      ]);
    },
  );

  test.skipIf(process.platform !== 'linux')(
    'keeps the class of a folder whose name is not UTF-8',
    async () => {
      await save('ann/1.png', flat(1, 1, 1));
      for (const byte of [0xe9, 0xe8]) {
        const folder = Buffer.concat([Buffer.from(`${dir}/caf`), Buffer.from([byte])]);
        mkdirSync(folder);
        writeFileSync(
          Buffer.concat([folder, Buffer.from('/1.png')]),
          await flat(byte, 0, 0).png().toBuffer(),
        );
      }
      const source = await open();
      expect(source.identities.map(({ name }) => name)).toEqual(['ann', 'caf\\xE8', 'caf\\xE9']);
      expect(source.skipped).toEqual([]);
      expect(color(loaded(source, 1, 0))).toEqual([0xe8, 0, 0]);
    },
  );
});

describe('decoding', () => {
  test('gives the same colors for every file format', async () => {
    await save('a.png', flat(200, 100, 50));
    await save('b.jpg', flat(200, 100, 50), 'jpeg');
    await save('c.webp', flat(200, 100, 50), 'webp');
    await save('d.tif', flat(200, 100, 50), 'tiff');
    await save('e.gif', flat(200, 100, 50), 'gif');
    writeFileSync(
      join(dir, 'f.ppm'),
      Buffer.concat([
        Buffer.from('P6 2 2 255\n'),
        Buffer.from([200, 100, 50, 200, 100, 50, 200, 100, 50, 200, 100, 50]),
      ]),
    );
    await save('g.png', flat(200, 100, 50).toColourspace('rgb16'));
    const source = await open();
    expect(source.skipped).toEqual([]);
    for (let i = 0; i < source.identities.length; i++) {
      const [r, g, b] = color(loaded(source, i, 0));
      const difference = Math.max(Math.abs(r - 200), Math.abs(g - 100), Math.abs(b - 50));
      expect(difference, source.identities[i].name).toBeLessThanOrEqual(8);
    }
  });

  test('converts gray, CMYK and 16-bit images to RGB and composes transparency onto white', async () => {
    await save('cmyk.jpg', flat(250, 250, 250).toColourspace('cmyk'), 'jpeg');
    await save('gray.png', flat(90, 90, 90).toColourspace('b-w'));
    await save('gray16.png', flat(90, 90, 90).toColourspace('grey16'));
    writeFileSync(
      join(dir, 'gray8.pgm'),
      Buffer.concat([Buffer.from('P5 2 1 255\n'), Buffer.from([90, 90])]),
    );
    await save(
      'half.png',
      sharp({ create: { width: 9, height: 9, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0.5 } } }),
    );
    await save(
      'none.png',
      sharp({ create: { width: 9, height: 9, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } }),
    );
    const source = await open();
    const colors = Object.fromEntries(
      source.identities.map(({ name }, i) => [name, color(loaded(source, i, 0))]),
    );
    expect(Math.min(...colors['cmyk.jpg'])).toBeGreaterThan(235);
    for (const name of ['gray.png', 'gray16.png', 'gray8.pgm']) {
      for (const value of colors[name]) expect(Math.abs(value - 90), name).toBeLessThanOrEqual(2);
    }
    expect(colors['half.png'][0]).toBeGreaterThan(250);
    expect(Math.abs(colors['half.png'][1] - 127)).toBeLessThanOrEqual(2);
    expect(colors['none.png']).toEqual([255, 255, 255]);
  });

  test('scales floating-point TIFFs of the range 0 … 1, and takes larger ones as 0 … 255', async () => {
    await save('a.png', flat(1, 1, 1));
    writeFileSync(
      join(dir, 'gray01.tif'),
      floatTiff(1, () => 0.5),
    );
    writeFileSync(
      join(dir, 'rgb01.tif'),
      floatTiff(3, (c) => [0.8, 0.4, 0.2][c]),
    );
    writeFileSync(
      join(dir, 'rgb255.tif'),
      floatTiff(3, (c) => [200, 100, 50][c]),
    );
    writeFileSync(
      join(dir, 'x-nan.tif'),
      floatTiff(3, () => Number.NaN),
    );
    const source = await open();
    const colors = Object.fromEntries(
      source.identities.map(({ name }, i) => [name, color(loaded(source, i, 0))]),
    );
    expect(colors).toMatchObject({
      'gray01.tif': [128, 128, 128],
      'rgb01.tif': [204, 102, 51],
      'rgb255.tif': [200, 100, 50],
    });
    expect(source.skipped).toEqual([{ file: 'x-nan.tif', reason: 'has pixels that are not finite numbers' }]);
  });

  test('rotates a photograph according to EXIF and resizes it to a square', async () => {
    const wide = flat(255, 0, 0, 60, 20).composite([
      { input: { create: { width: 30, height: 20, channels: 3, background: '#0000ff' } }, left: 30, top: 0 },
    ]);
    await save('plain.jpg', sharp(await wide.png().toBuffer()), 'jpeg');
    await save('turned.jpg', sharp(await wide.png().toBuffer()).withMetadata({ orientation: 6 }), 'jpeg');
    const source = await open();
    const [plain, turned] = [loaded(source, 0, 0), loaded(source, 1, 0)];
    expect([plain.width, plain.height, plain.data.length]).toEqual([16, 16, 768]);
    expect(color(plain, 2, 8)[0]).toBeGreaterThan(240);
    expect(color(plain, 13, 8)[2]).toBeGreaterThan(240);
    expect(color(turned, 8, 2)[0]).toBeGreaterThan(240);
    expect(color(turned, 8, 13)[2]).toBeGreaterThan(240);
  });
});

describe('unreadable input', () => {
  test('is skipped and reported, and other files are read', async () => {
    await save('good1.jpg', picture(), 'jpeg');
    await save('good2.png', picture());
    await save('cut.jpg', asSharp(pictureImage(200, 200)), 'jpeg');
    truncateSync(join(dir, 'cut.jpg'), Math.floor(readFileSync(join(dir, 'cut.jpg')).length / 2));
    await save('cut.png', asSharp(pictureImage(200, 200)));
    truncateSync(join(dir, 'cut.png'), Math.floor(readFileSync(join(dir, 'cut.png')).length / 2));
    writeFileSync(join(dir, 'empty.jpg'), '');
    writeFileSync(join(dir, 'text.jpg'), 'this is no picture');
    writeFileSync(join(dir, 'notes.txt'), 'neither is this');
    writeFileSync(join(dir, 'short.pgm'), 'P5 100 100 255\nabc');
    writeFileSync(join(dir, '.DS_Store'), 'nor this');
    await save('people/ann.jpg', picture(), 'jpeg');
    writeFileSync(join(dir, 'people', 'broken.jpg'), Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0]));
    const reported: string[] = [];
    const source = await open({ onSkipped: ({ file }) => reported.push(file) });
    expect(source.identities).toEqual([
      { name: 'good1.jpg', samples: 1 },
      { name: 'good2.png', samples: 1 },
      { name: 'people', samples: 1 },
    ]);
    const reasons = Object.fromEntries(source.skipped.map(({ file, reason }) => [file, reason]));
    expect(Object.keys(reasons).sort()).toEqual(
      ['cut.jpg', 'cut.png', 'empty.jpg', 'notes.txt', 'people/broken.jpg', 'short.pgm', 'text.jpg'].sort(),
    );
    expect(reported.sort()).toEqual(Object.keys(reasons).sort());
    expect(reasons['empty.jpg']).toBe('the file is empty');
    expect(reasons['text.jpg']).toMatch(/not an image in a known format.*begins with "this is no pictu"/);
    expect(reasons['notes.txt']).toMatch(/not an image extension/);
    expect(reasons['short.pgm']).toMatch(/truncated: expected 10000 bytes/);
    expect(reasons['cut.jpg'].length).toBeGreaterThan(5);
    for (let i = 0; i < 3; i++) expect(new Set(loaded(source, i, 0).data).size).toBeGreaterThan(10);
  });

  test('refuses a folder that cannot be trained on and says what to do', async () => {
    await expect(openFolder(join(dir, 'none'))).rejects.toThrow(/no such folder.*Give the path/s);
    await expect(open()).rejects.toThrow(/contains no image files.*Each image file directly in the folder/s);
    writeFileSync(join(dir, 'notes.txt'), '');
    await expect(open()).rejects.toThrow(/Skipped: notes.txt \(not an image extension/);
    await expect(openFolder(join(dir, 'notes.txt'))).rejects.toThrow(/is a file, not a folder/);
    await save('only/1.png', picture());
    await save('only/2.png', picture());
    await expect(open()).rejects.toThrow(/contains one identity \("only"\).*identityPer: "file"/s);
    writeFileSync(join(dir, 'bad.jpg'), '');
    await expect(open()).rejects.toThrow(/gives 1 identities; at least 2.*bad.jpg \(the file is empty\)/s);
    await save('other.png', picture());
    await expect(open({ side: 4 })).rejects.toThrow(/side of decoded images must be/);
    await expect(open({ memory: -1 })).rejects.toThrow(/memory must be a number of bytes/);
    await expect(open({ identityPer: 'class' as never })).rejects.toThrow(/identityPer must be/);
  });
});

describe('memory', () => {
  test('gives the same images with any limit, and keeps as many as it allows', async () => {
    for (const name of ['a/1', 'a/2', 'b/1', 'c/1', 'd/1']) {
      await save(`${name}.jpg`, asSharp(pictureImage(40 + (name.charCodeAt(0) % 7), 30)), 'jpeg');
    }
    const all = await open();
    const expected = await pixelsOf(all);
    expect(all.imagesInMemory).toBe(5);
    const cacheDir = join(root, `cache-memory-${count}`);
    for (const cacheLimit of [0, 2 * 768, 1e9]) {
      for (const images of [0, 2, 4.5, 5]) {
        const options = { cacheDir, cacheLimit, memory: images * 768 };
        // The first opening decodes; the later ones know every image.
        for (let i = 0; i < 2; i++) {
          const source = await open(options);
          expect(await pixelsOf(source), `${images} ${cacheLimit}`).toEqual(expected);
          expect(source.imagesInMemory).toBe(Math.floor(images));
          expect(source.identities).toEqual(all.identities);
          expect(source.contents(0)).toEqual(all.contents(0));
          source.close();
          expect(await pixelsOf(source), 'after closing').toEqual(expected);
          source.close();
        }
      }
    }
  });

  test('reads into the memory of released images, but never of images in memory', async () => {
    for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) {
      await save(`${name}.jpg`, asSharp(pictureImage(40 + i, 30)), 'jpeg');
    }
    const expected = await pixelsOf(await open());
    const source = await open({ cacheDir: join(root, `cache-release-${count}`), memory: 768 });
    expect(source.imagesInMemory).toBe(1);
    // An image in memory is no promise.
    const pooled = [0, 1, 2, 3].findIndex((identity) => !(source.load(identity, 0) instanceof Promise));
    const [first, second] = [0, 1, 2, 3].filter((identity) => identity !== pooled);
    source.release(await source.load(pooled, 0));
    const image = await source.load(first, 0);
    source.release(image);
    expect((await source.load(second, 0)).data.buffer).toBe(image.data.buffer);
    expect((await source.load(first, 0)).data.buffer).not.toBe(image.data.buffer);
    expect(await pixelsOf(source)).toEqual(expected);
    source.close();
  });

  test('refuses an image that was changed after the opening', async () => {
    for (const name of ['a', 'b']) await save(`${name}.png`, picture());
    const source = await open({ memory: 0 });
    await save('b.png', flat(1, 2, 3));
    await expect(source.load(1, 0)).rejects.toThrow(/b\.png has changed since the folder .* resume the run/);
    await source.load(0, 0);
  });

  test('skips the same unreadable files with any limit', async () => {
    for (const name of ['a/1', 'a/3', 'b/1', 'c/1']) await save(`${name}.png`, picture());
    for (const name of ['a/2', 'b/0', 'e/1']) {
      mkdirSync(dirname(join(dir, name)), { recursive: true });
      writeFileSync(join(dir, `${name}.jpg`), 'not a picture');
    }
    const all = await open();
    expect(all.identities.map(({ samples }) => samples)).toEqual([2, 1, 1]);
    for (const memory of [0, 2000]) {
      const source = await open({ memory });
      expect(source.identities).toEqual(all.identities);
      expect(source.skipped).toEqual(all.skipped);
      expect(await pixelsOf(source)).toEqual(await pixelsOf(all));
    }
  });
});

describe('the cache on disk', () => {
  const filled = async () => {
    for (const [i, name] of ['a', 'b', 'c'].entries())
      await save(`${name}.png`, asSharp(pictureImage(40 + i, 30)));
    const cacheDir = join(root, `cache-${count}`);
    const warnings: string[] = [];
    const first = await open({ cacheDir, onWarning: (message) => warnings.push(message) });
    const [key] = readdirSync(join(cacheDir, 'images'));
    const folder = join(cacheDir, 'images', key);
    const filesOf = (part: string, ending: string) =>
      readdirSync(join(folder, part))
        .filter((name) => name.endsWith(ending))
        .map((name) => join(folder, part, name));
    return { cacheDir, warnings, first, folder, filesOf };
  };
  /** Opens the folder and returns how many of its images were known. */
  const knownImages = async (options: FolderOptions) => {
    const reports: number[] = [];
    const source = await open({ ...options, onProgress: (done) => reports.push(done) });
    return { source, known: reports[0] };
  };

  test('is read instead of decoding again', async () => {
    for (const name of ['a', 'b', 'c']) await save(`${name}.png`, picture());
    const cacheDir = join(root, `cache-again-${count}`);
    const first = await knownImages({ cacheDir });
    expect(first.known).toBe(0);
    const second = await knownImages({ cacheDir });
    expect(second.known).toBe(3);
    expect(await pixelsOf(second.source)).toEqual(await pixelsOf(first.source));
    expect(second.source.contents(1)).toEqual(first.source.contents(1));
    expect((await knownImages({ cacheDir, side: 24 })).known).toBe(0);
    expect(
      listImageCaches(cacheDir)
        .map(({ place, side }) => [place, side])
        .sort(),
    ).toEqual([
      [`folder ${dir}`, 16],
      [`folder ${dir}`, 24],
    ]);
  });

  test('is not trusted for a file whose size and time were kept', async () => {
    for (const [name, value] of [
      ['a', 10],
      ['b', 200],
    ] as const) {
      await save(`${name}.png`, flat(value, value, value));
      utimesSync(join(dir, `${name}.png`), 1_600_000_000, 1_600_000_000);
    }
    const cacheDir = join(root, `cache-swapped-${count}`);
    await open({ cacheDir });
    // What a swap of two names does, and what tar and rsync do after an image was corrected.
    const [a, b] = ['a.png', 'b.png'].map((name) => readFileSync(join(dir, name)));
    renameSync(join(dir, 'a.png'), join(dir, 'c'));
    renameSync(join(dir, 'b.png'), join(dir, 'a.png'));
    renameSync(join(dir, 'c'), join(dir, 'b.png'));
    const swapped = await open({ cacheDir });
    expect([color(loaded(swapped, 0, 0))[0], color(loaded(swapped, 1, 0))[0]]).toEqual([200, 10]);
    expect(a.length).toBe(b.length);
    for (const [name, bytes] of [
      ['a.png', a],
      ['b.png', b],
    ] as const) {
      writeFileSync(join(dir, name), bytes);
      utimesSync(join(dir, name), 1_600_000_000, 1_600_000_000);
    }
    const rewritten = await open({ cacheDir });
    expect([color(loaded(rewritten, 0, 0))[0], color(loaded(rewritten, 1, 0))[0]]).toEqual([10, 200]);
  });

  test('detects changed, new and removed files', async () => {
    const { cacheDir, warnings } = await filled();
    await save('b.png', flat(7, 8, 9));
    await save('d.png', flat(1, 2, 3));
    rmSync(join(dir, 'a.png'));
    const source = await open({ cacheDir, onWarning: (message) => warnings.push(message) });
    expect(source.identities.map(({ name }) => name)).toEqual(['b.png', 'c.png', 'd.png']);
    expect(color(loaded(source, 0, 0))).toEqual([7, 8, 9]);
    expect(color(loaded(source, 2, 0))).toEqual([1, 2, 3]);
    expect(warnings).toEqual([]);
    const again = await open({ cacheDir });
    expect(await pixelsOf(again)).toEqual(await pixelsOf(source));
  });

  test('keeps the decoded pixels of a file that was only touched', async () => {
    const { cacheDir, first, filesOf } = await filled();
    const size = () => filesOf('pixels', '.rows').reduce((sum, file) => sum + statSync(file).size, 0);
    const before = size();
    for (const name of ['a', 'b', 'c']) utimesSync(join(dir, `${name}.png`), 1_600_000_000, 1_600_000_000);
    const { source, known } = await knownImages({ cacheDir });
    expect(known).toBe(0);
    expect(await pixelsOf(source)).toEqual(await pixelsOf(first));
    expect(size()).toBe(before);
  });

  test('is repaired when it is damaged, with a warning for a damaged image', async () => {
    const { cacheDir, first, filesOf } = await filled();
    const expected = await pixelsOf(first);
    for (const part of ['pixels', 'hashes']) {
      for (const ending of ['.rows', '.index']) {
        for (const [name, damage] of [
          [
            'a flipped bit',
            (bytes: Buffer) => bytes.map((byte, i) => (i === bytes.length - 5 ? byte ^ 4 : byte)),
          ],
          ['a missing end', (bytes: Buffer) => bytes.subarray(0, bytes.length - 30)],
          ['emptied', () => Buffer.alloc(0)],
        ] as const) {
          const [file] = filesOf(part, ending);
          const whole = readFileSync(file);
          writeFileSync(file, damage(whole));
          const warnings: string[] = [];
          const what = `${name} of ${part}${ending}`;
          const source = await open({ cacheDir, onWarning: (message) => warnings.push(message) });
          expect(await pixelsOf(source), what).toEqual(expected);
          if (name === 'a flipped bit' && ending === '.rows')
            expect(warnings.join(), what).toMatch(/is damaged/);
          const again = await knownImages({ cacheDir });
          expect(again.known, what).toBe(3);
          expect(await pixelsOf(again.source), what).toEqual(expected);
          writeFileSync(file, whole);
        }
      }
    }
  });

  test('is compacted once most of it belongs to files that are gone', async () => {
    const picturesOf = async (from: number, to: number) => {
      for (let i = from; i < to; i++) await save(`${i}.png`, flat(i % 256, i >> 8, 7, 4, 4));
    };
    await picturesOf(0, 1200);
    const cacheDir = join(root, `cache-stale-${count}`);
    const options = { cacheDir, side: 8 };
    await open(options);
    for (let i = 0; i < 1200; i++) rmSync(join(dir, `${i}.png`));
    await picturesOf(1200, 1210);
    const source = await open(options);
    expect(source.identities.length).toBe(10);
    const [{ bytes }] = listImageCaches(cacheDir);
    expect(bytes).toBeLessThan(20_000);
    const again = await knownImages(options);
    expect(again.known).toBe(10);
    expect(await pixelsOf(again.source)).toEqual(await pixelsOf(source));
  });

  test('stays below its limit, and deletes the least recently used caches first', async () => {
    for (let i = 0; i < 10; i++) await save(`${i}.png`, flat(20 * i, 0, 0));
    const cacheDir = join(root, `cache-limit-${count}`);
    const sizeOf = (side: number) => listImageCaches(cacheDir).find((cache) => cache.side === side)?.bytes;
    await open({ cacheDir, side: 16, cacheLimit: 4 * 768 + 10 });
    expect(sizeOf(16)).toBeLessThan(4 * 768 + 1500);
    expect(sizeOf(16)).toBeGreaterThan(4 * 768);
    await open({ cacheDir, side: 17, cacheLimit: 1e6 });
    await open({ cacheDir, side: 18, cacheLimit: 1e6 });
    const [file] = listImageCaches(cacheDir).filter(({ side }) => side === 16);
    utimesSync(join(file.folder, 'source.json'), 1_600_000_000, 1_600_000_000);
    await open({ cacheDir, side: 19, cacheLimit: 42_000 });
    expect(sizeOf(16)).toBeUndefined();
    expect(listImageCaches(cacheDir).reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(44_000);
  });

  test('is filled by two processes at once', async () => {
    for (let i = 0; i < 60; i++) await save(`${i}.png`, asSharp(pictureImage(40, 20 + i)));
    const cacheDir = join(root, `cache-two-${count}`);
    const sources = await Promise.all([
      open({ cacheDir }),
      open({ cacheDir }),
      open({ cacheDir, memory: 0 }),
    ]);
    const expected = await pixelsOf(await open());
    for (const source of sources) expect(await pixelsOf(source)).toEqual(expected);
    const again = await knownImages({ cacheDir });
    expect(again.known).toBe(60);
    expect(await pixelsOf(again.source)).toEqual(expected);
  });

  test('gives a warning if it cannot be written', async () => {
    await save('a.png', picture());
    await save('b.png', picture());
    const blocked = join(root, `blocked-${count}`);
    writeFileSync(blocked, 'a file where a folder should be');
    const warnings: string[] = [];
    const source = await open({
      cacheDir: join(blocked, 'cache'),
      onWarning: (message) => warnings.push(message),
    });
    expect(source.identities.length).toBe(2);
    expect(warnings.join()).toMatch(/cache of images .* cannot be used .*Set cacheDir to a writable folder/);
    expect(existsSync(join(blocked, 'cache'))).toBe(false);
  });
});

// Root and Windows can read every file.
test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
  'a file without read permission is skipped (not tested as root or on Windows)',
  async () => {
    for (const name of ['a', 'b', 'c']) await save(`${name}.png`, picture());
    chmodSync(join(dir, 'b.png'), 0);
    expect((await open()).skipped).toEqual([{ file: 'b.png', reason: expect.stringMatching(/EACCES/) }]);
  },
);
