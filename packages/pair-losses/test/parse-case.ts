/** Creates losses, distances and reducers from the golden files' descriptions. */
import * as tf from '@tensorflow/tfjs-core';
import type { GoldenTensor } from '@unitsphere/testing/golden';
import * as all from '../src/index.js';

export interface Entry {
  name: string;
  options: Record<string, unknown>;
}

export interface LossCase {
  name: string;
  group: string;
  loss: string;
  options: Record<string, unknown>;
  distance: Entry | null;
  reducer: Entry | null;
  embeddings: GoldenTensor;
  labels: GoldenTensor;
  ref?: GoldenTensor;
  refLabels?: GoldenTensor;
  tuples?: Record<string, GoldenTensor>;
  proxies?: GoldenTensor;
  value: number;
  dEmbeddings: GoldenTensor;
  dRef?: GoldenTensor;
  dProxies?: GoldenTensor;
  dBeta?: GoldenTensor;
  dLogScale?: GoldenTensor;
  dBias?: GoldenTensor;
}

type Constructor<T> = new (options?: unknown) => T;

export function matrix(t: GoldenTensor): tf.Tensor2D {
  return tf.tensor2d(t.data as Float32Array, t.shape as [number, number]);
}

export const integers = (t: GoldenTensor) => t.data as Int32Array;

export function makeDistance({ name, options }: Entry): all.Distance {
  const classes: Record<string, Constructor<all.Distance>> = {
    Cosine: all.CosineSimilarity,
    DotProduct: all.DotProductSimilarity as Constructor<all.Distance>,
    Lp: all.LpDistance as Constructor<all.Distance>,
    SNR: all.SNRDistance as Constructor<all.Distance>,
  };
  return new classes[name](options);
}

export function makeReducer({ name, options }: Entry): all.Reducer {
  if (name === 'ClassWeighted') return new all.ClassWeightedReducer(options['weights'] as number[]);
  const classes: Record<string, Constructor<all.Reducer>> = {
    Mean: all.MeanReducer,
    Sum: all.SumReducer,
    AvgNonZero: all.AvgNonZeroReducer,
    Threshold: all.ThresholdReducer as Constructor<all.Reducer>,
    Divisor: all.DivisorReducer,
    PerAnchor: all.PerAnchorReducer,
    PerClassMean: all.PerClassMeanReducer,
  };
  return new classes[name](options);
}

export function makeLoss(c: LossCase, more: object = {}): all.EmbeddingLoss {
  const Loss = (all as unknown as Record<string, Constructor<all.EmbeddingLoss>>)[c.loss];
  return new Loss({
    ...c.options,
    ...(c.distance && { distance: makeDistance(c.distance) }),
    ...(c.reducer && { reducer: makeReducer(c.reducer) }),
    ...(c.proxies && { proxies: matrix(c.proxies) }),
    ...more,
  });
}

export function makeTuples(stored: Record<string, GoldenTensor>): all.Tuples {
  return Object.fromEntries(
    Object.entries(stored).map(([name, list]) => [name, integers(list)]),
  ) as unknown as all.Tuples;
}

/** Runs a case and returns its value and its gradients in the file's names. */
export function runCase(c: LossCase, more: object = {}) {
  const embeddings = matrix(c.embeddings);
  const ref = c.ref && matrix(c.ref);
  const loss = makeLoss(c, more);
  const call = {
    ...(c.tuples && { tuples: makeTuples(c.tuples) }),
    ...(ref && c.refLabels && { ref, refLabels: integers(c.refLabels) }),
  };
  const inputs = [embeddings, ...(ref ? [ref] : [])];
  const { value, grads } = tf.valueAndGrads((e: tf.Tensor, r?: tf.Tensor) =>
    loss.loss(e as tf.Tensor2D, integers(c.labels), r ? { ...call, ref: r as tf.Tensor2D } : call),
  )(inputs);
  const found: Record<string, Float32Array> = { dEmbeddings: grads[0].dataSync() as Float32Array };
  if (ref) found['dRef'] = grads[1].dataSync() as Float32Array;
  if (loss.parameters.length > 0) {
    const { grads: ofParameters } = tf.variableGrads(
      () => loss.loss(embeddings, integers(c.labels), call),
      [...loss.parameters],
    );
    const names = c.proxies ? ['dProxies'] : c.dBeta ? ['dBeta'] : ['dLogScale', 'dBias'];
    loss.parameters.forEach((parameter, k) => {
      found[names[k]] = ofParameters[parameter.name].dataSync() as Float32Array;
    });
  }
  loss.dispose();
  return { value: value.dataSync()[0], gradients: found };
}
