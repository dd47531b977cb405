import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { backends, start } from '@unitsphere/testing/backends';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AdaFace, CosFace, CurricularFace, NormalizedSoftmax, SphereFace } from '../src/index.js';
import { cosineLayer, layersLoss } from '../src/layers.js';

const CLASSES = 4;
const CosineLayer = cosineLayer(tfl);

/** Samples points around one direction per class. */
function points(perClass: number) {
  const labels = Int32Array.from({ length: CLASSES * perClass }, (_, i) => i % CLASSES);
  const noise = tf.randomNormal([labels.length, 8], 0, 0.3, 'float32', 1);
  return tf.tidy(() => ({
    x: tf.add(tf.mul(tf.oneHot(labels, 8), 1), noise) as tf.Tensor2D,
    y: tf.oneHot(labels, CLASSES) as tf.Tensor2D,
    labels,
    noise,
  }));
}

function model() {
  const m = tfl.sequential();
  m.add(
    tfl.layers.dense({
      units: 6,
      inputShape: [8],
      kernelInitializer: tfl.initializers.glorotNormal({ seed: 3 }),
    }),
  );
  m.add(new CosineLayer({ units: CLASSES, centersInitializer: tfl.initializers.glorotNormal({ seed: 4 }) }));
  return m;
}

describe.each(backends)('a layers model on %s', (backend) => {
  const kept: tf.Tensor[] = [];
  beforeAll(() => start(backend));
  afterAll(() => tf.dispose(kept));

  test('computes cosines of unit rows, and layersLoss equals the margin loss', () => {
    const m = model();
    tf.tidy(() => {
      const { x, y, labels, noise } = points(3);
      kept.push(noise);
      const [kernel, bias, centers] = m.getWeights();
      const unit = (t: tf.Tensor) => tf.div(t, tf.norm(t, 2, 1, true));
      const expected = tf.matMul(
        unit(tf.add(tf.matMul(x, kernel as tf.Tensor2D), bias)),
        unit(centers),
        false,
        true,
      );
      const cosines = m.apply(x) as tf.Tensor2D;
      expect(centers.shape).toEqual([CLASSES, 6]);
      expect(tf.max(tf.abs(tf.sub(cosines, expected))).dataSync()[0]).toBeLessThan(1e-6);
      const loss = new CosFace({ scale: 16, margin: 0.2 });
      const value = loss.loss(cosines, labels).dataSync()[0];
      const asLayers = layersLoss(loss);
      expect(asLayers(y, cosines).dataSync()[0]).toBeCloseTo(value, 6);
      expect(asLayers(tf.cast(y, 'float32'), cosines).dataSync()[0]).toBeCloseTo(value, 6);
      expect(asLayers(tf.tensor2d(labels, [labels.length, 1], 'float32'), cosines).dataSync()[0]).toBeCloseTo(
        value,
        6,
      );
    });
    m.dispose();
  });

  test.each([
    ['CosFace', () => new CosFace({ scale: 16, margin: 0.2 })],
    ['CurricularFace', () => new CurricularFace({ scale: 16, margin: 0.2, momentum: 0.1 })],
    ['SphereFace', () => new SphereFace({ scale: 16, margin: 1.5, gradient: 'pass-through' })],
  ])('trains by fit with %s and leaks no tensor', async (_name, make) => {
    const loss = make();
    const before = tf.memory().numTensors;
    const m = model();
    const optimizer = tf.train.adam(0.05);
    const { x, y, noise } = points(16);
    m.compile({
      optimizer,
      loss: layersLoss(loss),
      metrics: ['accuracy'],
    });
    const { history } = await m.fit(x, y, { epochs: 10, batchSize: 16, shuffle: false, verbose: 0 });
    const [first, last] = [history['loss'][0], history['loss'].at(-1)] as number[];
    expect(last).toBeLessThan(first / 3);
    expect(history['acc'].at(-1)).toBeGreaterThan(0.9);
    const { statistics } = loss;
    if (statistics) {
      // 40 batches have moved t toward cosines near 1; with training off, evaluate leaves it unchanged.
      const t = statistics.value('t').dataSync()[0];
      expect(t).toBeGreaterThan(0.5);
      statistics.training = false;
      tf.dispose(m.evaluate(x, y));
      expect(statistics.value('t').dataSync()[0]).toBe(t);
      statistics.dispose();
    }
    tf.dispose([x, y, noise]);
    m.dispose();
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('can be saved and loaded', async () => {
    const m = model();
    const { x, y, noise } = points(1);
    let saved!: tf.io.ModelArtifacts;
    await m.save(
      tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
      }),
    );
    const loaded = await tfl.loadLayersModel(tf.io.fromMemory(saved));
    const [a, b] = [m, loaded].map((net) => (net.predict(x) as tf.Tensor).dataSync());
    expect(b).toEqual(a);
    tf.dispose([x, y, noise]);
    m.dispose();
    loaded.dispose();
  });
});

describe('layers and losses that do not fit', () => {
  beforeAll(() => start('cpu'));

  test('are refused with a remedy', () => {
    expect(() => cosineLayer({} as never)).toThrow(/Pass the tf whose layers you use/);
    expect(() => new CosineLayer({ units: 0 })).toThrow(
      /units must be an integer of at least 1, but it is 0/,
    );
    expect(() => new CosineLayer({ units: 2 }).apply(tf.zeros([1, 2, 2]))).toThrow(/tf\.layers\.flatten\(\)/);
    expect(() => layersLoss(new AdaFace())).toThrow(
      /requires the embeddings' norms.*loss\(cosines, labels, norms\)/,
    );
    const loss = layersLoss(new NormalizedSoftmax());
    expect(() => loss(tf.zeros([2, 3]), tf.zeros([2, 4]))).toThrow(
      /targets of shape \[2,3\].*\[2,4\].*oneHot/s,
    );
  });
});
