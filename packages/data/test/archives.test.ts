import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '@unitsphere/core/random';
import sharp from 'sharp';
import { Header } from 'tar';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { DecodedSource } from '../src/encoded/decoded-source.js';
import { type FormatSpec, listImages } from '../src/formats.js';
import { openSource } from '../src/open-source.js';
import { packImages } from '../src/pack-images.js';
import { packRecord, unpackRecord } from '../src/recordio/record.js';

const golden = fileURLToPath(new URL('../../../tools/golden/files/archives/', import.meta.url));
const expected = JSON.parse(readFileSync(`${golden}expected.json`, 'utf8')) as {
  label: number;
  color: number[];
}[];
const root = mkdtempSync(join(tmpdir(), 'unitsphere-archives-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let dir: string;
let count = 0;
beforeEach(() => {
  dir = join(root, `test-${count++}`);
  mkdirSync(dir);
});

const open = (spec: FormatSpec, memory?: number) =>
  openSource({ ...spec, cacheDir: false, side: 8, memory } as FormatSpec) as Promise<DecodedSource>;
/** Returns the middle pixel of every image, by identity. */
async function colorsOf(source: DecodedSource): Promise<Record<string, number[][]>> {
  const colors: Record<string, number[][]> = {};
  for (const [identity, { name, samples }] of source.identities.entries()) {
    colors[name] = [];
    for (let sample = 0; sample < samples; sample++) {
      const { data } = await source.load(identity, sample);
      colors[name].push([...data.subarray(3 * 36, 3 * 37)]);
    }
  }
  return colors;
}
const expectColors = (found: Record<string, number[][]>, nameOf: (label: number) => string) => {
  const names = [...new Set(expected.map(({ label }) => nameOf(label)))].sort();
  expect(Object.keys(found).sort()).toEqual(names);
  for (const name of names) {
    const colors = expected.filter(({ label }) => nameOf(label) === name).map(({ color }) => color);
    expect(found[name].length).toBe(colors.length);
    for (const [i, color] of colors.entries()) {
      for (const [channel, value] of color.entries()) {
        expect(Math.abs(found[name][i][channel] - value), `${name} ${i}`).toBeLessThanOrEqual(4);
      }
    }
  }
};

describe('RecordIO', () => {
  test.each([undefined, 0])(
    "reads insightface's train.rec, with labels in both forms (memory %s)",
    async (memory) => {
      for (const path of [`${golden}train.rec`, golden]) {
        const source = await open({ kind: 'recordio', path }, memory);
        expect(source.skipped).toEqual([]);
        expect(source.contents(0).map(({ file }) => file)).toEqual(['1', '2']);
        expectColors(await colorsOf(source), String);
      }
    },
  );

  test('reads images alone, split at the magic number, with the names of the list', async () => {
    const source = await open({ kind: 'recordio', path: `${golden}plain.rec` });
    expect(source.contents(0).map(({ file }) => file)).toEqual(['person-0/0.jpg', 'person-0/1.jpg']);
    expectColors(await colorsOf(source), (label) => `person-${label}`);
    cpSync(golden, dir, { recursive: true });
    rmSync(join(dir, 'plain.lst'));
    expectColors(await colorsOf(await open({ kind: 'recordio', path: join(dir, 'plain.rec') })), String);
  });

  test('writes the bytes that the golden file has', () => {
    const bytes = readFileSync(`${golden}plain.rec`);
    const offsets = readFileSync(`${golden}plain.idx`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => Number(line.split('\t')[1]));
    for (const [key, offset] of offsets.entries()) {
      const record = new Uint8Array(bytes.subarray(offset, offsets[key + 1]));
      const unpacked = unpackRecord(record);
      expect(unpacked.labels).toEqual([expected[key].label]);
      expect(packRecord(unpacked, key)).toEqual(record);
    }
  });

  test('packs and unpacks any bytes', () => {
    const random = new Random(1, 'records');
    for (let i = 0; i < 300; i++) {
      const words = Uint32Array.from({ length: random.int(12) }, () =>
        random.boolean() ? 0xced7230a : random.int(2 ** 32),
      );
      const image = new Uint8Array(words.buffer).subarray(0, words.length * 4 - random.int(4));
      const labels = Array.from({ length: 1 + random.int(3) }, () => random.int(1000));
      const packed = packRecord({ labels, image }, i);
      expect(packed.length % 4).toBe(0);
      expect(unpackRecord(packed)).toEqual({ labels, image });
    }
  });

  test('refuses missing and unfit files, and says what to do', async () => {
    const read = (path: string) => listImages({ kind: 'recordio', path });
    await expect(read(join(dir, 'none.rec'))).rejects.toThrow(/does not exist.*Give the path of a RecordIO/);
    await expect(read(dir)).rejects.toThrow(/has no train.rec/);
    writeFileSync(join(dir, 'a.rec'), 'abc');
    await expect(read(join(dir, 'a.rec'))).rejects.toThrow(/a\.idx" is missing.*Copy it/);
    writeFileSync(join(dir, 'a.idx'), '0\t0\n1 8\n');
    await expect(read(join(dir, 'a.rec'))).rejects.toThrow(/Line 2 of .* is not a key and an offset/);
    writeFileSync(join(dir, 'a.idx'), '0\t0\n1\t8\n');
    await expect(read(join(dir, 'a.rec'))).rejects.toThrow(
      /0 images of 0 identities.*there is no record at byte 0/,
    );
    cpSync(golden, dir, { recursive: true });
    writeFileSync(join(dir, 'plain.lst'), '0\t0\ta/1.jpg\n1\t1\ta/2.jpg\n');
    await expect(read(join(dir, 'plain.rec'))).rejects.toThrow(/Line 2 of .* contradicts an earlier one/);
  });
});

/** Returns a tar archive of entries; `type` and `linkpath` as in tar's header. */
function tarOf(
  entries: { path: string; data?: Uint8Array | string; type?: string; linkpath?: string }[],
): Buffer {
  const blocks: Buffer[] = [];
  for (const { path, data = '', type = 'File', linkpath } of entries) {
    const content = Buffer.from(data as Uint8Array);
    const block = Buffer.alloc(512);
    new Header({
      path,
      size: content.length,
      type: type as 'File',
      linkpath,
      mode: 0o644,
      mtime: new Date(0),
    }).encode(block);
    blocks.push(block, content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
const png = (value: number) =>
  sharp({ create: { width: 9, height: 9, channels: 3, background: { r: value, g: 1, b: 2 } } })
    .png()
    .toBuffer();

describe('WebDataset', () => {
  test.each([undefined, 0])('reads shards that the webdataset package wrote (memory %s)', async (memory) => {
    for (const path of [`${golden}shard-{000..001}.tar`, golden]) {
      const source = await open({ kind: 'webdataset', path }, memory);
      expect(source.skipped).toEqual([]);
      expect(source.contents(0).map(({ file }) => file)).toEqual([
        'shard-000.tar/part/000000.png',
        'shard-001.tar/part/000001.png',
      ]);
      const found = await colorsOf(source);
      // The second identity's images are in another order: those of the first shard come first.
      for (const colors of Object.values(found)) colors.sort((a, b) => a[1] - b[1]);
      expectColors(found, String);
    }
  });

  test('names identities by .json, .cls or folder', async () => {
    const path = join(dir, 'a.tar');
    const long = `${'long/'.repeat(40)}name/1.png`;
    writeFileSync(
      path,
      tarOf([
        { path: './ann/1.png', data: await png(10) },
        { path: 'ann/2.PNG', data: await png(20) },
        { path: 'x/3.png', data: await png(30) },
        { path: 'x/3.cls', data: '7\n' },
        { path: 'x/4.left.png', data: await png(40) },
        { path: 'x/4.cls', data: '7' },
        { path: 'x/4.json', data: '{"identity": "bob"}' },
        { path: 'y/', type: 'Directory' },
        { path: '._x', data: 'metadata of macOS' },
        { path: '././@LongLink', type: 'NextFileHasLongPath', data: `${long}\0` },
        { path: long.slice(0, 99), data: await png(50) },
        { path: 'readme.txt', data: 'no sample with an image' },
      ]),
    );
    const source = await open({ kind: 'webdataset', path });
    expect(source.skipped).toEqual([]);
    const colors = await colorsOf(source);
    const reds = Object.fromEntries(
      Object.entries(colors).map(([name, list]) => [name, list.map(([red]) => red)]),
    );
    expect(reds).toEqual({ '7': [30], ann: [10, 20], bob: [40], [long.slice(0, -6)]: [50] });
  });

  test('refuses paths that leave the folder, absolute paths, links and devices', async () => {
    const path = join(dir, 'a.tar');
    const image = await png(9);
    writeFileSync(
      path,
      tarOf([
        { path: 'a/1.png', data: image },
        { path: '../a/2.png', data: image },
        { path: 'a/../../b/2.png', data: image },
        { path: '/etc/3.png', data: image },
        { path: 'C:/4.png', data: image },
        { path: 'a/5.png', type: 'SymbolicLink', linkpath: '/etc/passwd' },
        { path: 'a/6.png', type: 'Link', linkpath: 'a/1.png' },
        { path: 'a/7.png', type: 'CharacterDevice' },
        { path: 'b/1.png', data: image },
      ]),
    );
    const source = await open({ kind: 'webdataset', path });
    expect(source.identities.map(({ name, samples }) => [name, samples])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    expect(source.skipped.map(({ reason }) => reason)).toEqual([
      'refused: a path that leaves the folder',
      'refused: a path that leaves the folder',
      'refused: an absolute path',
      'refused: an absolute path',
      'refused: an entry of the type SymbolicLink, not a file',
      'refused: an entry of the type Link, not a file',
      'refused: an entry of the type CharacterDevice, not a file',
    ]);
  });

  test('reports an archive that is cut off or damaged, and reads what comes before', async () => {
    const images = await Promise.all([1, 2, 3].map(png));
    const whole = tarOf(images.map((data, i) => ({ path: `${i}/1.png`, data })));
    const path = join(dir, 'a.tar');
    writeFileSync(path, whole);
    truncateSync(path, 2 * 512 * 2 + 512 + 20);
    const cut = await open({ kind: 'webdataset', path });
    expect(cut.identities.length).toBe(2);
    expect(cut.skipped[0].reason).toMatch(/the archive ends inside "2\/1.png"/);
    writeFileSync(
      path,
      whole.map((byte, i) => (i === 4 * 512 + 3 ? byte ^ 1 : byte)),
    );
    const damaged = await open({ kind: 'webdataset', path });
    expect(damaged.identities.length).toBe(2);
    expect(damaged.skipped[0].reason).toMatch(/checksum of the header is wrong/);
  });

  test('refuses what names no shards', async () => {
    const read = (path: string) => listImages({ kind: 'webdataset', path });
    await expect(read(join(dir, 'none.tar'))).rejects.toThrow(/does not exist/);
    await expect(read(dir)).rejects.toThrow(/contains no .tar files/);
    await expect(read('a-{5..2}.tar')).rejects.toThrow(/The range \{5\.\.2\}/);
    await expect(read('a-{0..99999}-{0..99999}.tar')).rejects.toThrow(
      /names 10000000000 shards, more than 100000/,
    );
  });

  test('downloads a shard once, and again after it has changed', async () => {
    const requests: (string | undefined)[] = [];
    let body: Buffer = readFileSync(`${golden}shard-000.tar`);
    let isCut = false;
    const server = createServer((request, response) => {
      const etag = `"${createHash('sha256').update(body).digest('hex')}"`;
      requests.push(request.headers['if-none-match']);
      if (request.headers['if-none-match'] === etag) return response.writeHead(304).end();
      response.writeHead(200, { etag, 'content-length': body.length });
      if (isCut) {
        response.write(body.subarray(0, 1000));
        return setTimeout(() => response.destroy(), 20);
      }
      return response.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const path = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.tar`;
    const read = () => openSource({ kind: 'webdataset', path, cacheDir: dir, side: 8 });
    try {
      isCut = true;
      await expect(read()).rejects.toThrow(/The shard http.*a\.tar cannot be downloaded/);
      isCut = false;
      const first = await read();
      expect((await read()).identities).toEqual(first.identities);
      body = tarOf([
        { path: 'c/1.png', data: await png(3) },
        { path: 'd/1.png', data: await png(4) },
      ]);
      expect((await read()).identities.map(({ name }) => name)).toEqual(['c', 'd']);
      expect(requests.map((tag) => tag !== undefined)).toEqual([false, false, true, true]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    // Without a connection the downloaded shard is used.
    expect((await read()).identities.map(({ name }) => name)).toEqual(['c', 'd']);
  });
});

describe('packImages', () => {
  const pictures = async (names: string[]) => {
    for (const [i, name] of names.entries()) {
      mkdirSync(join(dir, 'photos', name, '..'), { recursive: true });
      writeFileSync(join(dir, 'photos', name), await png(i));
    }
    return listImages({ kind: 'folder', dir: join(dir, 'photos') });
  };
  const names = ['ann/1.png', 'ann/2.png', 'bob/b/1.png', 'zoe.png', 'bob/b/2.png', 'bob/1.png'];

  test('writes archives with the same identities and images as the folder, in its order', async () => {
    const folder = await pictures(names);
    const expected = await open({ kind: 'folder', dir: join(dir, 'photos') });
    for (const kind of ['recordio', 'webdataset'] as const) {
      const path = join(dir, kind === 'recordio' ? 'a.rec' : 'a.tar');
      const progress: number[] = [];
      await packImages(folder, path, { onProgress: (done) => progress.push(done) });
      expect(progress).toEqual([6]);
      const source = await open({ kind, path });
      expect(source.skipped).toEqual([]);
      expect(source.identities).toEqual(expected.identities);
      expect(await colorsOf(source)).toEqual(await colorsOf(expected));
      expect(existsSync(`${path}.partial`)).toBe(false);
    }
    await expect(packImages(folder, join(dir, 'a.zip'))).rejects.toThrow(/neither a .tar nor a .rec/);
  });

  test('continues an interrupted archive to the same bytes, and starts again for other images', async () => {
    const many = Array.from({ length: 1500 }, (_, i) => `${i % 7}/${i}.png`);
    const folder = await pictures(many);
    for (const ending of ['rec', 'tar']) {
      const whole = join(dir, `whole.${ending}`);
      await packImages(folder, whole);
      const path = join(dir, `cut.${ending}`);
      const stop = {
        onProgress: () => {
          throw new Error('killed');
        },
      };
      await expect(packImages(folder, path, stop)).rejects.toThrow('killed');
      // A kill may leave half a record after the last note.
      appendFileSync(`${path}.partial`, 'half a record');
      expect(existsSync(path)).toBe(false);
      const progress: number[] = [];
      await packImages(folder, path, { onProgress: (done) => progress.push(done) });
      expect(progress).toEqual([1500]);
      expect(readFileSync(path).equals(readFileSync(whole))).toBe(true);
      await expect(packImages(folder, path, stop)).rejects.toThrow('killed');
      writeFileSync(join(dir, 'photos', many[0]), await png(99));
      const changed = await listImages({ kind: 'folder', dir: join(dir, 'photos') });
      await packImages(changed, path, { onProgress: (done) => progress.push(done) });
      expect(progress).toEqual([1500, 1000, 1500]);
      writeFileSync(join(dir, 'photos', many[0]), await png(0));
    }
  });
});
