// Imports every package from plain JavaScript, and computes the gradient of a convolution on WebAssembly.
import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '@unitsphere/backends';
import { conv2d } from '@unitsphere/ops';

const { dependencies } = JSON.parse((await import('node:fs')).readFileSync('package.json', 'utf8'));
for (const name of Object.keys(dependencies).filter((n) => n.startsWith('@unitsphere/'))) {
  if (Object.keys(await import(name)).length === 0) throw new Error(`${name} exports nothing.`);
}

await useBackend('wasm');
// Stock kernels lack this gradient, so its result shows that our kernels run.
if (tf.getKernel('Conv2DBackpropFilter', 'wasm')) {
  throw new Error('The stock backend now has Conv2DBackpropFilter. Test another kernel here.');
}
const gradient = tf.grad((filter) => conv2d(tf.ones([1, 4, 4, 1]), filter, { stride: 1, padding: 1 }))(
  tf.ones([3, 3, 1, 1]),
);
const values = [...gradient.dataSync()];
// The gradient of each tap is the number of ones that it reads: 4 x 4 ones inside a border of zeros.
if (String(values) !== String([9, 12, 9, 12, 16, 12, 9, 12, 9]))
  throw new Error(`The gradient is ${values}.`);
