import * as tf from '@tensorflow/tfjs-core';
import { checkEmbeddings } from '../check.js';
import type { Labels } from '../labels.js';
import { splitLoss } from './compute-loss.js';
import type { LossInputs, LossPlan } from './loss-plan.js';
import type { LossCall, PairLoss, Recorder } from './pair-loss.js';
import type { ElementLosses } from './reduce-elements.js';

/**
 * Computes the losses of single elements (pairs, triplets or rows) in place of their reduction. Differentiable like the
 * loss itself; regularizers are left out. Repeated pairs occur repeatedly.
 *
 * Elements are ordered by anchor. A loss with two kinds of elements gives all of the first kind, then all of the second.
 * Counts are read synchronously, which the WebGPU backend does not support.
 * @param embeddings float32 [batch, dimensions].
 * @param labels int32 [batch].
 * @returns float32 [elements]; empty if there are none.
 * @throws As `loss.loss`.
 */
export function elementLosses(
  loss: PairLoss,
  embeddings: tf.Tensor2D,
  labels: Labels,
  call: LossCall = {},
): tf.Tensor1D {
  checkEmbeddings('elementLosses', 'embeddings', embeddings);
  const { recorder } = loss;
  loss.recorder = recordElements;
  try {
    return tf.tidy(() => loss.compute(embeddings, labels, call) as tf.Tensor as tf.Tensor1D);
  } finally {
    loss.recorder = recorder;
  }
}

const recordElements: Recorder = (plan, inputs, bind) => {
  // The places of the elements in the losses of each block and part.
  let places: Int32Array[][] = [];
  const run = tf.customGrad(((...all: unknown[]) => {
    const save = all.pop() as tf.GradSaveFunc;
    save(all as tf.Tensor[]);
    const values = plan ? gatherElements(plan, bind(all as tf.Tensor[])) : { losses: [], places: [] };
    places = values.places;
    return {
      value: values.losses.length > 0 ? tf.concat(values.losses) : tf.tensor1d([]),
      gradFunc: (dy: tf.Tensor1D, saved: tf.Tensor[]) =>
        plan ? scatterElements(plan, bind(saved), dy, places) : saved.map((x) => tf.zerosLike(x)),
    };
  }) as Parameters<typeof tf.customGrad>[0]);
  return run(...inputs);
};

function gatherElements(plan: LossPlan, inputs: LossInputs) {
  const { blocks, evaluateBlock } = splitLoss(plan, inputs);
  const losses: tf.Tensor1D[][] = plan.counts.map(() => []);
  const places = blocks.map((block) => {
    if (plan.isEmpty?.(...block)) return [];
    return evaluateBlock(block).losses.parts.map((part, k) => {
      const chosen = findElements(part);
      const flat = tf.reshape(part.losses, [-1]) as tf.Tensor1D;
      if (chosen.length > 0) losses[k].push(tf.gather(flat, tf.tensor1d(chosen, 'int32')));
      return chosen;
    });
  });
  return { losses: losses.flat(), places };
}

function scatterElements(plan: LossPlan, inputs: LossInputs, dy: tf.Tensor1D, places: Int32Array[][]) {
  return tf.tidy(() => {
    const { blocks, prepared, columns, evaluateBlock } = splitLoss(plan, inputs);
    const ofPart = plan.counts.map((_, k) => places.reduce((sum, parts) => sum + (parts[k]?.length ?? 0), 0));
    const next = ofPart.map((_, k) => ofPart.slice(0, k).reduce((sum, count) => sum + count, 0));
    let dColumns: tf.Tensor = tf.zerosLike(columns.value);
    let dParameters = inputs.parameters.map((parameter) => tf.zerosLike(parameter));
    const dRows = blocks.map(([start, end], b) => {
      if (places[b].length === 0) return tf.zeros([end - start, prepared.value.shape[1]]) as tf.Tensor2D;
      const { matrix, losses } = evaluateBlock([start, end]);
      const upstream = losses.parts.map(({ losses }, k) => {
        const count = places[b][k].length;
        if (count === 0) return tf.zerosLike(losses);
        const indices = tf.tensor2d(places[b][k], [count, 1], 'int32');
        const values = tf.slice(dy, next[k], count);
        next[k] += count;
        return tf.reshape(tf.scatterND(indices, values, [losses.size]), losses.shape);
      });
      const { matrix: dMatrix, parameters = [] } = losses.pullback(upstream);
      const [dQuery, dReference] = matrix.pullback(dMatrix);
      dColumns = tf.add(dColumns, dReference);
      dParameters = dParameters.map((sum, k) => tf.add(sum, parameters[k]));
      return dQuery;
    });
    const rows = tf.concat(dRows);
    if (inputs.reference) {
      const others = inputs.constantReference ? [] : [columns.pullback(dColumns as tf.Tensor2D)];
      return [prepared.pullback(rows), ...others, ...dParameters];
    }
    return [prepared.pullback(tf.add(rows, dColumns) as tf.Tensor2D), ...dParameters];
  });
}

function findElements({ losses, times }: ElementLosses): Int32Array {
  const chosen: number[] = [];
  const counts = times?.dataSync();
  for (let place = 0; place < losses.size; place++) {
    for (let k = 0; k < (counts ? counts[place] : 1); k++) chosen.push(place);
  }
  return Int32Array.from(chosen);
}
