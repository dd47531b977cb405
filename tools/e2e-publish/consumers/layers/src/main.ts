// Uses margin-losses without our other packages, in a model of the layers API with a layer of the user.
import * as tf from '@tensorflow/tfjs';
import { ArcFace } from '@unitsphere/margin-losses';
import { cosineLayer, layersLoss } from '@unitsphere/margin-losses/layers';

/** A layer of the user. */
class Scale extends tf.layers.Layer {
  static readonly className = 'Scale';
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.mul(Array.isArray(inputs) ? inputs[0]! : inputs, 0.5);
  }
}

const [CLASSES, SIDE] = [3, 12];
const CosineLayer = cosineLayer(tf);
const model = tf.sequential({
  layers: [
    tf.layers.conv2d({
      filters: 8,
      kernelSize: 3,
      strides: 2,
      activation: 'relu',
      inputShape: [SIDE, SIDE, 1],
    }),
    new Scale({}),
    tf.layers.flatten(),
    tf.layers.dense({ units: 16, name: 'embedding' }),
    new CosineLayer({ units: CLASSES }),
  ],
});
model.compile({
  optimizer: tf.train.adam(0.01),
  loss: layersLoss(new ArcFace({ scale: 16, margin: 0.3 })),
  metrics: ['accuracy'],
});

// Images with a vertical bar, at column 3k + 1 for class k.
const labels = Array.from({ length: 48 }, (_, i) => i % CLASSES);
const x = tf.tensor4d(
  labels.flatMap((label) =>
    Array.from({ length: SIDE * SIDE }, (_, at) => (at % SIDE === 3 * label + 1 ? 1 : 0.3 * Math.random())),
  ),
  [labels.length, SIDE, SIDE, 1],
);
const y = tf.oneHot(tf.tensor1d(labels, 'int32'), CLASSES);
const { history } = await model.fit(x, y, { epochs: 15, batchSize: 16, verbose: 0 });
const [first, last] = [history['loss']![0], history['loss']!.at(-1)] as [number, number];
if (!(last < first / 2)) throw new Error(`The loss went from ${first} to ${last}.`);
console.log(`${tf.getBackend()}: loss ${first.toFixed(2)} to ${last.toFixed(2)}`);
