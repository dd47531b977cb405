import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@unitsphere/core/random';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DISTINCT_PRODUCTS, drawHouse, varyHouse } from '../src/cards/house.js';
import { CardSource, type Image, openSource } from '../src/index.js';

/** Icons that cover half of their box in one color. */
const ICONS = {
  prefix: 'test',
  icons: {
    left: { body: '<path fill="#f00" d="M0 0h8v16H0z"/>' },
    top: { body: '<path fill="#0f0" d="M0 0h16v8H0z"/>' },
  },
};

/** Mean absolute difference of horizontal gradients' sizes, which hardly depends on hues. */
function edgeDistance(a: Image, b: Image): number {
  const edge = ({ data }: Image, p: number) =>
    Math.abs(data[p] + data[p + 1] + data[p + 2] - data[p + 3] - data[p + 4] - data[p + 5]);
  let sum = 0;
  for (let p = 0; p + 5 < a.data.length; p += 3) sum += Math.abs(edge(a, p) - edge(b, p));
  return sum / a.data.length;
}

let folder: string;
let options: { identities: number; size: number; photographs: string; pictures: string[] };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cards-'));
  for (const [i, color] of ['#c03020', '#2040c0'].entries()) {
    const image = sharp({ create: { width: 40, height: 30, channels: 3, background: color } });
    await image.png().toFile(join(folder, `photo-${i}.png`));
  }
  const icons = join(folder, 'icons.json');
  await writeFile(icons, JSON.stringify(ICONS));
  options = { identities: 40, size: 48, photographs: folder, pictures: [icons] };
});

afterAll(() => rm(folder, { recursive: true }));

describe('CardSource', () => {
  test('draws the same bytes in another source, whatever was drawn before', async () => {
    const [one, other] = [
      await CardSource.create(options),
      await CardSource.create({ ...options, identities: 60 }),
    ];
    for (const identity of [3, 1, 17]) {
      const image = await one.load(identity);
      expect([image.width, image.height, image.data.length]).toEqual([48, 48, 48 * 48 * 3]);
    }
    for (const identity of [17, 3]) {
      expect((await other.load(identity)).data).toEqual((await one.load(identity)).data);
    }
  });

  test('draws different cards for different identities and seeds', async () => {
    const source = await CardSource.create(options);
    const images = await Promise.all(source.identities.map((_, i) => source.load(i)));
    expect(new Set(images.map(({ data }) => Buffer.from(data).toString('base64'))).size).toBe(40);
    const other = await CardSource.create({ ...options, seed: 1 });
    expect((await other.load(0)).data).not.toEqual(images[0].data);
  });

  test('draws overlapping calls as if they came one after another', async () => {
    const [one, other] = [await CardSource.create(options), await CardSource.create(options)];
    const together = await Promise.all([0, 1, 2, 3, 4, 5].map((i) => one.load(i)));
    for (const [i, image] of together.entries()) expect((await other.load(i)).data).toEqual(image.data);
  });

  test('puts photographs and pictures on cards', async () => {
    const count = async (source: CardSource, isWanted: (r: number, g: number, b: number) => boolean) => {
      let sum = 0;
      for (let i = 0; i < 40; i++) {
        const { data } = await source.load(i);
        for (let p = 0; p < data.length; p += 3) if (isWanted(data[p], data[p + 1], data[p + 2])) sum++;
      }
      return sum;
    };
    const isIcon = (r: number, g: number, b: number) =>
      (r === 255 && g + b === 0) || (g === 255 && r + b === 0);
    const withPictures = await count(await CardSource.create(options), isIcon);
    const without = await count(await CardSource.create({ ...options, pictures: [] }), isIcon);
    expect(withPictures).toBeGreaterThan(without + 500);
  });

  test('draws bare grounds alone', async () => {
    const source = await CardSource.create({ identities: 30, size: 32, bare: 1 });
    const printed = await CardSource.create({ identities: 30, size: 32, bare: 0 });
    expect((await source.load(2)).data).not.toEqual((await printed.load(2)).data);
  });

  test('draws products of common designs, which are more alike than other cards, and never the same', async () => {
    const source = await CardSource.create({ ...options, identities: 3000, variants: 1, size: 64 });
    const designs = source.identities.map((_, i) => new Random(0, 'card', i, 'product').int(1500));
    const members = designs.flatMap((design, i) => (design === designs[0] ? [i] : []));
    expect(members.length).toBeGreaterThan(1);
    expect(source.identities[members[1]].name).toMatch(/^product-\d{6}$/);
    const [a, b] = [await source.load(members[0]), await source.load(members[1])];
    const other = designs.findIndex((design) => design !== designs[0]);
    expect(edgeDistance(a, b)).toBeLessThan(edgeDistance(a, await source.load(other)));

    let pairs = 0;
    let sameGround = 0;
    for (const [second, design] of designs.entries()) {
      const first = designs.indexOf(design);
      if (first === second || pairs === 40) continue;
      pairs++;
      const [x, y] = [(await source.load(first)).data, (await source.load(second)).data];
      expect(x).not.toEqual(y);
      if (x.filter((value, p) => value === y[p]).length > 0.6 * x.length) sameGround++;
    }
    // Two of a design keep its ground with a probability of a quarter.
    expect(sameGround).toBeGreaterThan(3);
    expect(sameGround).toBeLessThan(25);
  });

  test('gives the first 72 products of a design a payment mark and tier that no other has', () => {
    const house = drawHouse(new Random(0), 0);
    const kinds = Array.from({ length: DISTINCT_PRODUCTS }, (_, rank) => {
      const { network, tier } = varyHouse(house, { rank, random: new Random(rank) });
      return `${network} ${tier}`;
    });
    expect(new Set(kinds).size).toBe(72);
  });

  test('draws passes, of which some share a form', async () => {
    const source = await CardSource.create({ identities: 4, size: 32, passes: 1 });
    expect(source.identities[3].name).toBe('pass-000003');
    const forms = Array.from({ length: 200 }, (_, i) => new Random(0, 'pass', i).int(1000));
    expect(new Set(forms).size).toBeLessThan(200);
    expect((await source.load(0)).data).not.toEqual((await source.load(1)).data);
  });

  test('photographs a share of the samples, and never the first', async () => {
    const source = await CardSource.create({ ...options, scenes: 0.5 });
    const plain = await CardSource.create(options);
    expect(source.identities[0]).toEqual({ name: 'card-000000', samples: 100 });
    const flat = await plain.load(3);
    expect((await source.load(3, 0)).data).toEqual(flat.data);
    const samples = await Promise.all(Array.from({ length: 40 }, (_, i) => source.load(3, i + 1)));
    const photographs = samples.filter(({ data }) => !flat.data.every((value, i) => value === data[i]));
    expect(photographs.length).toBeGreaterThan(10);
    expect(photographs.length).toBeLessThan(30);
    expect(new Set(photographs.map(({ data }) => Buffer.from(data).toString('base64'))).size).toBe(
      photographs.length,
    );
    const other = await CardSource.create({ ...options, scenes: 0.5 });
    expect((await other.load(3, 7)).data).toEqual(samples[6].data);
    await expect(source.load(0, -1)).rejects.toThrow('the sample must be a non-negative integer, not -1');
  });

  test('draws a card again if memory is 0, with the same bytes', async () => {
    const source = await CardSource.create({ ...options, memory: 0 });
    const first = await source.load(5);
    const second = await source.load(5);
    expect(second).not.toBe(first);
    expect(second.data).toEqual(first.data);
  });

  test('opens by its specification', async () => {
    const source = await openSource({ kind: 'cards', ...options });
    expect(source.identities[7]).toEqual({ name: 'card-000007', samples: 1 });
  });

  test('refuses options out of range, and an identity out of range', async () => {
    await expect(CardSource.create({ identities: 0 })).rejects.toThrow('identities must be an integer');
    await expect(CardSource.create({ identities: 5, bare: 2 })).rejects.toThrow(
      'bare must be in [0, 1], not 2',
    );
    await expect(CardSource.create({ identities: 5, memory: -1 })).rejects.toThrow(
      'memory must be a number of bytes',
    );
    const source = await CardSource.create({ identities: 5, size: 32 });
    await expect(source.load(5)).rejects.toThrow('identity must be an integer in 0 … 4, not 5');
  });

  test('names a collection that is not installed or has another format', async () => {
    await expect(CardSource.create({ identities: 5, pictures: ['@iconify-json/none'] })).rejects.toThrow(
      'Install it with npm install @iconify-json/none',
    );
    const file = join(folder, 'other.json');
    await writeFile(file, '{"icons":{}}');
    await expect(CardSource.create({ identities: 5, pictures: [file] })).rejects.toThrow(
      'not an icon collection',
    );
  });
});
