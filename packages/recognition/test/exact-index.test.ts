import { Random } from '@unitsphere/core/random';
import { afterEach, describe, expect, test } from 'vitest';
import { ExactIndex, type ExactIndexOptions } from '../src/search/exact-index.js';
import type { IndexedTemplate, IndexMatch } from '../src/search/gallery-index.js';

/** Draws embeddings around centers that are alike, as those of an untrained network, if `common` is large. */
function drawTemplates(count: number, dimensions: number, common: number, seed: number): IndexedTemplate[] {
  const random = new Random(seed, 'index');
  const shared = Float32Array.from({ length: dimensions }, () => common * random.normal());
  return Array.from({ length: count }, (_, n) => ({
    template: 3 * n + 1,
    identity: Math.floor(n / 3),
    embedding: shared.map((value) => value + random.normal()),
  }));
}

/** Searches by definition: all cosines in double precision. */
function searchByDefinition(templates: IndexedTemplate[], query: Float32Array, k: number): IndexMatch[] {
  const multiply = (a: Float32Array, b: Float32Array) => {
    let sum = 0;
    for (let d = 0; d < a.length; d++) sum += a[d] * b[d];
    return sum;
  };
  const norm = (v: Float32Array) => Math.sqrt(multiply(v, v));
  const best = new Map<number, IndexMatch>();
  for (const { template, identity, embedding } of templates) {
    const exact = multiply(embedding, query) / norm(embedding) / norm(query);
    const score = Math.fround(Math.max(-1, Math.min(1, exact)));
    const other = best.get(identity);
    if (!other || score > other.score || (score === other.score && template < other.template)) {
      best.set(identity, { identity, template, score });
    }
  }
  return [...best.values()].sort((a, b) => b.score - a.score || a.identity - b.identity).slice(0, k);
}

const open: ExactIndex[] = [];
afterEach(() => {
  for (const index of open.splice(0)) index.close();
});
function indexOf(templates: IndexedTemplate[], options: ExactIndexOptions = {}): ExactIndex {
  const index = new ExactIndex(templates[0].embedding.length, { threads: 1, ...options });
  open.push(index);
  index.add(templates);
  return index;
}

/** Expects equal identities, and scores that differ by no more than the order of double precision sums. */
function expectSame(found: IndexMatch[], expected: IndexMatch[]): void {
  expect(found.map(({ identity, template }) => [identity, template])).toEqual(
    expected.map(({ identity, template }) => [identity, template]),
  );
  found.forEach(({ score }, n) => {
    expect(Math.abs(score - expected[n].score)).toBeLessThanOrEqual(2 ** -24);
  });
}

describe.each(['int8', 'float32'] as const)('a scan of %s rows', (scan) => {
  test.each([
    { count: 2000, dimensions: 256, common: 0 },
    { count: 2000, dimensions: 64, common: 5 },
    { count: 2500, dimensions: 37, common: 0.5 },
    { count: 1, dimensions: 1, common: 0 },
    { count: 300, dimensions: 2048, common: 1 },
  ])('finds the best identities of $count × $dimensions', async ({ count, dimensions, common }) => {
    const templates = drawTemplates(count, dimensions, common, 1);
    const index = indexOf(templates, { scan });
    const queries = [
      ...drawTemplates(6, dimensions, common, 2).map(({ embedding }) => embedding),
      ...templates.slice(0, 2).map(({ embedding }) => embedding),
    ];
    for (const k of [1, 5, 40]) {
      const found = await index.search(queries, k);
      queries.forEach((query, q) => {
        expectSame(found[q], searchByDefinition(templates, query, k));
      });
    }
  });

  test('orders equal scores by identity and template', async () => {
    const embedding = Float32Array.of(1, 2, 3);
    const templates = [7, 3, 5, 3].map((identity, n) => ({ template: 10 - n, identity, embedding }));
    const index = indexOf(templates, { scan });
    expect((await index.search([embedding], 2))[0]).toEqual([
      { identity: 3, template: 7, score: 1 },
      { identity: 5, template: 8, score: 1 },
    ]);
  });

  test('keeps its promise while templates are added, removed and assigned', async () => {
    let templates = drawTemplates(1300, 24, 1, 3);
    const index = indexOf(templates.slice(0, 10), { scan });
    for (let from = 10; from < 1300; from += 215) index.add(templates.slice(from, from + 215));
    const removed = templates.filter((_, n) => n % 3 === 1 || n > 1200).map(({ template }) => template);
    index.remove(removed);
    templates = templates.filter(({ template }) => !removed.includes(template));
    const moved = templates.filter(({ identity }) => identity === 4 || identity === 250);
    index.assign(
      moved.map(({ template }) => template),
      9,
    );
    templates = templates.map((entry) => (moved.includes(entry) ? { ...entry, identity: 9 } : entry));
    expect(index.size).toBe(templates.length);
    const queries = [...drawTemplates(10, 24, 1, 4), ...moved].map(({ embedding }) => embedding);
    const found = await index.search(queries, 5);
    queries.forEach((query, q) => {
      expectSame(found[q], searchByDefinition(templates, query, 5));
    });
  });

  test('searches on threads with the results of one', async () => {
    const templates = drawTemplates(9000, 64, 0.3, 5);
    const one = indexOf(templates, { scan });
    const more = indexOf(templates.slice(0, 100), { scan, threads: 3 });
    const queries = drawTemplates(40, 64, 0.3, 6).map(({ embedding }) => embedding);
    await more.search(queries, 5);
    // Threads must see the memory grow.
    more.add(templates.slice(100));
    expect(await more.search(queries, 5)).toEqual(await one.search(queries, 5));
    expect(await more.search(queries, 5)).toEqual(await one.search(queries, 5));
  });
});

test('finds rows of extreme values', async () => {
  const spike = (at: number, rest: number) =>
    Float32Array.from({ length: 64 }, (_, d) => (d === at ? 1 : rest));
  const templates = Array.from({ length: 64 }, (_, n) => ({
    template: n,
    identity: n,
    embedding: spike(n, n % 2 ? 0 : 1e-4),
  }));
  const index = indexOf(templates);
  const queries = [spike(3, 0.001), spike(4, 0), Float32Array.from({ length: 64 }, () => 1e-20)];
  const found = await index.search(queries, 3);
  queries.forEach((query, q) => {
    expectSame(found[q], searchByDefinition(templates, query, 3));
  });
});

test('returns nothing when it is empty', async () => {
  const index = new ExactIndex(4);
  expect(await index.search([Float32Array.of(1, 0, 0, 0)], 5)).toEqual([[]]);
});

test('refuses a number of threads that is not an integer of at least 1', () => {
  expect(() => new ExactIndex(4, { threads: 0 })).toThrow('threads must be an integer of at least 1, got 0.');
});
