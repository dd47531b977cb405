import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { FolderSource } from '../src/folder/folder-source.js';
import type { FolderSourceOptions } from '../src/folder/shared-folder.js';
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
const open = (options: FolderSourceOptions = {}) =>
  FolderSource.open(dir, { cacheDir: false, cacheSize: 16, ...options });
const color = (image: Image, x = 8, y = 8) => {
  const p = (y * image.width + x) * 3;
  return [...image.data.subarray(p, p + 3)];
};

describe('FolderSource.open', () => {
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
    expect(color(source.load(2, 0))).toEqual([5, 5, 5]);
    expect(color(source.load(2, 1))).toEqual([4, 4, 4]);
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
      expect(color(source.load(1, 0))).toEqual([0xe8, 0, 0]);
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
      const [r, g, b] = color(source.load(i, 0));
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
      source.identities.map(({ name }, i) => [name, color(source.load(i, 0))]),
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
      source.identities.map(({ name }, i) => [name, color(source.load(i, 0))]),
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
    const [plain, turned] = [source.load(0, 0), source.load(1, 0)];
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
    for (let i = 0; i < 3; i++) expect(new Set(source.load(i, 0).data).size).toBeGreaterThan(10);
  });

  test('refuses a folder that cannot be trained on and says what to do', async () => {
    await expect(FolderSource.open(join(dir, 'none'))).rejects.toThrow(/no such folder.*Give the path/s);
    await expect(open()).rejects.toThrow(/contains no image files.*Each image file directly in the folder/s);
    writeFileSync(join(dir, 'notes.txt'), '');
    await expect(open()).rejects.toThrow(/Skipped: notes.txt \(not an image extension/);
    await expect(FolderSource.open(join(dir, 'notes.txt'))).rejects.toThrow(/is a file, not a folder/);
    await save('only/1.png', picture());
    await save('only/2.png', picture());
    await expect(open()).rejects.toThrow(/contains one identity \("only"\).*identityPer: "file"/s);
    writeFileSync(join(dir, 'bad.jpg'), '');
    await expect(open()).rejects.toThrow(/gives 1 identities; at least 2.*bad.jpg \(the file is empty\)/s);
    await save('other.png', picture());
    await expect(open({ memoryLimit: 1000 })).rejects.toThrow(/more than memoryLimit.*smaller cacheSize/s);
    await expect(open({ cacheSize: 4 })).rejects.toThrow(/cacheSize must be/);
    await expect(open({ identityPer: 'class' as never })).rejects.toThrow(/identityPer must be/);
  });
});

describe('the cache on disk', () => {
  const filled = async () => {
    for (const name of ['a', 'b', 'c']) await save(`${name}.png`, picture());
    const cacheDir = join(dir, '..', `cache-${count}`);
    const warnings: string[] = [];
    const first = await open({ cacheDir, onWarning: (message) => warnings.push(message) });
    const file = join(cacheDir, readdirSync(cacheDir)[0]);
    return { cacheDir, warnings, first, file };
  };
  /** Opens the folder and returns how many of its images came from the cache. */
  const cachedImages = async (options: FolderSourceOptions) => {
    let reports: number[] = [];
    const source = await open({ ...options, onProgress: (done) => reports.push(done) });
    // Without a hit in the cache the first report is the first decoded image.
    reports = reports.length === source.identities.length ? [0] : reports;
    return { source, cached: reports[0] };
  };

  test('is one file that is read instead of decoding again', async () => {
    for (const name of ['a', 'b', 'c']) await save(`${name}.png`, picture());
    const cacheDir = join(root, `cache-again-${count}`);
    const first = await cachedImages({ cacheDir });
    expect(first.cached).toBe(0);
    expect(readdirSync(cacheDir).length).toBe(1);
    const second = await cachedImages({ cacheDir });
    expect(second.cached).toBe(3);
    expect(second.source.share()).toEqual(first.source.share());
    expect((await cachedImages({ cacheDir, cacheSize: 24 })).cached).toBe(0);
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
    expect([color(swapped.load(0, 0))[0], color(swapped.load(1, 0))[0]]).toEqual([200, 10]);
    expect(a.length).toBe(b.length);
    for (const [name, bytes] of [
      ['a.png', a],
      ['b.png', b],
    ] as const) {
      writeFileSync(join(dir, name), bytes);
      utimesSync(join(dir, name), 1_600_000_000, 1_600_000_000);
    }
    const rewritten = await open({ cacheDir });
    expect([color(rewritten.load(0, 0))[0], color(rewritten.load(1, 0))[0]]).toEqual([10, 200]);
  });

  test('detects changed, new and removed files', async () => {
    const { cacheDir, warnings } = await filled();
    await save('b.png', flat(7, 8, 9));
    await save('d.png', flat(1, 2, 3));
    rmSync(join(dir, 'a.png'));
    const source = await open({ cacheDir, onWarning: (message) => warnings.push(message) });
    expect(source.identities.map(({ name }) => name)).toEqual(['b.png', 'c.png', 'd.png']);
    expect(color(source.load(0, 0))).toEqual([7, 8, 9]);
    expect(color(source.load(2, 0))).toEqual([1, 2, 3]);
    expect(warnings).toEqual([]);
    const again = await open({ cacheDir });
    expect(again.share().pixels).toEqual(source.share().pixels);
  });

  test('is rebuilt when it is damaged, with a warning', async () => {
    const { cacheDir, warnings, first, file } = await filled();
    const whole = readFileSync(file);
    const damages: [string, () => void][] = [
      [
        'a flipped bit in a picture',
        () =>
          writeFileSync(
            file,
            whole.map((byte, i) => (i === whole.length - 5 ? byte ^ 4 : byte)),
          ),
      ],
      [
        'a flipped bit in the list',
        () =>
          writeFileSync(
            file,
            whole.map((byte, i) => (i === 60 ? byte ^ 4 : byte)),
          ),
      ],
      ['cut off in the pictures', () => truncateSync(file, whole.length - 800)],
      ['cut off in the list', () => truncateSync(file, 50)],
      ['emptied', () => truncateSync(file, 0)],
    ];
    for (const [name, damage] of damages) {
      writeFileSync(file, whole);
      damage();
      warnings.length = 0;
      const source = await open({ cacheDir, onWarning: (message) => warnings.push(message) });
      expect(source.share().pixels, name).toEqual(first.share().pixels);
      expect(warnings.join(), name).toMatch(/is damaged .*rebuilding/);
      expect(readFileSync(file), name).toEqual(whole);
    }
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
    expect(warnings.join()).toMatch(/Cannot write the cache .*Set cacheDir to a writable folder/);
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
