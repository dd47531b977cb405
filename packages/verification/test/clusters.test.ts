import { describe, expect, test } from 'vitest';
import { clusterAgreement, clusterEmbeddings } from '../src/clusters.js';
import golden from './golden/retrieval.json';

describe('clusterAgreement', () => {
  test("equals scikit-learn's normalized and adjusted mutual information", () => {
    for (const { labels, clusters, nmi, ami } of golden.clusters) {
      const found = clusterAgreement(Int32Array.from(labels), Int32Array.from(clusters));
      expect(found.nmi).toBeCloseTo(nmi, 10);
      expect(found.ami).toBeCloseTo(ami, 10);
    }
    expect(golden.clusters.length).toBeGreaterThan(10);
  });

  test('says what is wrong with bad input', () => {
    expect(() => clusterAgreement(Int32Array.of(1), Int32Array.of(1, 2))).toThrow('Expected one per row');
    expect(() => clusterAgreement(new Int32Array(), new Int32Array())).toThrow('no row');
  });
});

describe('clusterEmbeddings', () => {
  const dimensions = 5;
  const labels = Int32Array.from({ length: 100 }, (_, i) => i % 5);
  // One axis per identity, and rows of different lengths.
  const embeddings = Float32Array.from({ length: 100 * dimensions }, (_, k) => {
    const i = Math.floor(k / dimensions);
    return (1 + i) * ((k % dimensions === labels[i] ? 1 : 0) + 0.1 * Math.sin(k * k));
  });

  test('finds groups that are apart, whatever the lengths of the rows, the same for the same seed', async () => {
    const clusters = await clusterEmbeddings(embeddings, dimensions, 5, { seed: 3 });
    expect(clusterAgreement(labels, clusters)).toEqual({
      nmi: expect.closeTo(1, 9),
      ami: expect.closeTo(1, 9),
    });
    expect(await clusterEmbeddings(embeddings, dimensions, 5, { seed: 3 })).toEqual(clusters);
  });

  test('says what is wrong with bad input', async () => {
    await expect(clusterEmbeddings(embeddings, dimensions, 101)).rejects.toThrow(
      'k must be an integer in 1…100',
    );
    await expect(clusterEmbeddings(new Float32Array(10), dimensions, 2)).rejects.toThrow(
      'row 0 has zero length',
    );
  });
});
