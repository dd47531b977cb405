// Runs our packages for round_trip.py.
//   node round-trip.mjs copy  MODEL SIZE IN OUT         loads weights and saves them
//   node round-trip.mjs train MODEL SIZE IN OUT MAPS    trains ten steps on noise, saves, and writes an input and its maps
import { writeFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { createBackbone } from '@unitsphere/backbones';
import { useBackend } from '@unitsphere/backends';
import { float32, Random, valueAndGradients, writeSafetensors } from '@unitsphere/core';
import { AdamW } from '@unitsphere/optimizers';
import { loadPretrained, saveTimm } from '@unitsphere/pretrained';

const [task, name, size, input, output, mapsFile] = process.argv.slice(2);
const inputSize = Number(size);
await useBackend('wasm');
const random = new Random(5);
const model = createBackbone(name, { random: random.fork('model'), inputSize });
await loadPretrained(model, input);

const images = () => {
  const values = Float32Array.from({ length: 4 * inputSize * inputSize * 3 }, () => random.normal());
  return tf.tensor4d(values, [4, inputSize, inputSize, 3]);
};

if (task === 'train') {
  const optimizer = new AdamW(model.parameters());
  optimizer.lr = 1e-3;
  model.train();
  for (let step = 0; step < 10; step++) {
    tf.tidy(() => {
      const x = images();
      const { gradients } = valueAndGradients(
        () => tf.mean(tf.square(tf.sub(model.forward(x), 1))),
        model.parameters(),
      );
      optimizer.step(gradients);
    });
  }
}
await saveTimm(model, output);
if (mapsFile) {
  const x = images();
  const maps = model.eval().features(x);
  const state = new Map();
  for (const [key, tensor] of [['x', x], ...maps.map((map, i) => [`map${i}`, map])])
    state.set(key, float32(tensor.shape, Float32Array.from(await tensor.data())));
  writeFileSync(mapsFile, writeSafetensors(state));
}
