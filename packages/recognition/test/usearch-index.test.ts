import { afterEach, expect, test, vi } from 'vitest';
import { createGallery, ExactIndex } from '../src/index.js';
import { createUsearchIndex } from '../src/usearch.js';
import { Population } from './draw-identities.js';

afterEach(() => {
  vi.doUnmock('usearch');
  vi.resetModules();
});

test('finds in a graph, with the scores of an exact search', async () => {
  const people = new Population(3);
  const templates = Array.from({ length: 400 }, (_, n) => ({
    template: n + 1,
    identity: n >> 1,
    embedding: people.draw()[0],
  }));
  const exact = new ExactIndex(32);
  const graph = await createUsearchIndex(32, { expansionSearch: 400 });
  for (const index of [exact, graph]) {
    await index.add(templates);
    await index.remove([5, 400, 17]);
    await index.assign([1, 2], 150);
  }
  expect(graph.size).toBe(exact.size);
  expect(graph.isExact).toBe(false);
  const queries = Array.from({ length: 20 }, () => people.draw()[0]);
  expect(await graph.search(queries, 5)).toEqual(await exact.search(queries, 5));
});

test('serves a gallery', async () => {
  const people = new Population(4);
  const gallery = await createGallery({ embeddingSize: 32, index: await createUsearchIndex(32) });
  const images = Array.from({ length: 30 }, () => people.draw(2, 0.1));
  for (const [n, [first]] of images.entries()) await gallery.enroll(`identity ${n}`, first);
  await gallery.calibrate({ falseAcceptRate: 0.1 });
  expect((await gallery.recognize(images[7][1])).matches[0].name).toBe('identity 7');
});

test('says what to install where usearch is absent', async () => {
  vi.doMock('usearch', () => {
    throw new Error("Cannot find package 'usearch'");
  });
  vi.resetModules();
  const { createUsearchIndex: create } = await import('../src/search/usearch-index.js');
  await expect(create(8)).rejects.toThrow('npm install usearch');
});
