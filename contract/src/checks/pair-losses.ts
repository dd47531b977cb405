import * as tf from '@tensorflow/tfjs-core';
import { createPairLoss, listPairLosses, type PairLossName } from '@unitsphere/pair-losses/registry';
import { fill } from '@unitsphere/testing/operation-case';
import type { AgreementCheck, Values } from '../check.js';
import { readFromTidy } from '../read-all.js';

const [ROWS, DIMENSIONS, CLASSES] = [12, 8, 4];
// As many rows of each class: SmoothAP requires it.
const labels = Int32Array.from({ length: ROWS }, (_, row) => row % CLASSES);

/** Every pair and proxy loss: its value, and the gradients of the embeddings and of the learned parameters. */
export const pairLossChecks: AgreementCheck[] = listPairLosses().map((name) => ({
  group: 'losses',
  subject: name,
  name: `pair loss ${name}`,
  compute: () => computeLoss(name),
}));

async function computeLoss(name: PairLossName): Promise<Values> {
  const loss = createPairLoss(name, {}, { classes: CLASSES, dimensions: DIMENSIONS });
  // The same parameters on every backend.
  for (const [k, parameter] of loss.parameters.entries()) {
    if (parameter.rank === 2)
      tf.tidy(() => parameter.assign(tf.tensor(fill(parameter.size, 7 + k, -1, 1), parameter.shape)));
  }
  const x = tf.tidy(() => tf.variable(tf.tensor2d(fill(ROWS * DIMENSIONS, 1, -1, 1), [ROWS, DIMENSIONS])));
  try {
    return await readFromTidy(() => {
      const variables = [x, ...loss.parameters];
      const { value, grads } = tf.variableGrads(
        () => loss.loss(x as tf.Tensor as tf.Tensor2D, labels),
        variables,
      );
      const learned = loss.parameters.map(
        ({ name }, k) => [`gradient of parameter ${k}`, grads[name]] as const,
      );
      return { loss: value, 'gradient of the embeddings': grads[x.name], ...Object.fromEntries(learned) };
    });
  } finally {
    loss.dispose();
    x.dispose();
  }
}
