// Exports models for onnx-runtimes.mjs and compares onnxruntime-node with our embeddings.
//   node export-onnx.mjs FOLDER BACKBONE [NECK-NORM]   writes NECK-NORM.onnx and NECK-NORM.f32, by default for every neck and
//                                                      norm, and images.f32; prints the largest difference of each file
//   node export-onnx.mjs                               prints the name of every backbone
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { createBackbone, listBackbones } from '@unitsphere/backbones';
import { useBackend } from '@unitsphere/backends';
import { Random } from '@unitsphere/core';
import { createNeck, EmbeddingHead, listNecks } from '@unitsphere/necks';
import { listNorms } from '@unitsphere/norms';
import { exportOnnx } from '@unitsphere/onnx-export';
import { l2Normalize } from '@unitsphere/ops';

const [folder, name, only] = process.argv.slice(2);
if (!folder) {
  console.log(listBackbones().join('\n'));
  process.exit();
}
const ort = createRequire(new URL('../peers/package.json', import.meta.url))('onnxruntime-node');
await useBackend('wasm');
const random = new Random(3);
const side = Number(/patch(\d+)/.exec(name)?.[1] ?? 16) * 4;
const count = 2;

/** Moves norms, biases and slopes away from 0 and 1. Variances above 1 keep the values of deep networks finite. */
function disturb(module) {
  for (const [key, { variable }] of [...module.namedParameters(), ...module.namedBuffers()]) {
    if (variable.rank !== 1) continue;
    tf.tidy(() => {
      const noise = tf.tensor1d(
        Float32Array.from({ length: variable.size }, () => random.uniform(-0.3, 0.3)),
      );
      variable.assign(tf.add(key.endsWith('running_var') ? tf.scalar(6) : variable, noise));
    });
  }
  return module.eval();
}

const x = tf.tensor4d(
  Float32Array.from({ length: count * side * side * 3 }, () => random.uniform(-2, 2)),
  [count, side, side, 3],
);
const pixels = tf.transpose(x, [0, 3, 1, 2]);
const nchw = Float32Array.from(await pixels.data());
writeFileSync(join(folder, 'images.f32'), nchw);
const backbone = disturb(createBackbone(name, { random, inputSize: side }));
const map = backbone.forward(x);
const [, height, width, channels] = map.shape;
for (const neckName of listNecks()) {
  for (const norm of listNorms()) {
    if (only && only !== `${neckName}-${norm}`) continue;
    const { module, features } = createNeck(neckName, { channels, height, width }, { random });
    const neck = disturb(module);
    const head = disturb(new EmbeddingHead(features, 16, { norm, random }));
    const bytes = await exportOnnx({ backbone, neck, head }, { inputSize: side });
    const ours = await tf.tidy(() => l2Normalize(head.forward(neck.forward(map)))).data();
    const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
    const input = new ort.Tensor('float32', nchw, [count, 3, side, side]);
    const { embeddings } = await session.run({ pixel_values: input });
    await session.release();
    const difference = ours.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - embeddings.data[i])),
      0,
    );
    writeFileSync(join(folder, `${neckName}-${norm}.onnx`), bytes);
    writeFileSync(join(folder, `${neckName}-${norm}.f32`), Float32Array.from(ours));
    console.log(`${neckName}-${norm} ${difference}`);
    neck.dispose();
    head.dispose();
  }
}
