// One training step of the benchmark's network in @jax-js/jax on WebAssembly, timed on demand: forward pass, loss, gradients,
// clipping and AdamW in one jit, without the running averages of batch norm. The protocol is that of
// src/contender/protocol.ts. Every use of an array except its last one needs a reference, `.ref`.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: Object.fromEntries(
    ['backbone', 'image-size', 'batch', 'classes', 'embedding', 'norm'].map((name) => [
      name,
      { type: 'string' },
    ]),
  ),
});
const [imageSize, batch, classes, embedding] = ['image-size', 'batch', 'classes', 'embedding'].map((name) =>
  Number(values[name]),
);
const width = Number(values.backbone.match(/^lcnet_(\d{3})$/)[1]) / 100;

const send = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const peakRss = () => {
  try {
    return 1024 * Number(readFileSync('/proc/self/status', 'utf8').match(/^VmHWM:\s+(\d+) kB$/m)[1]);
  } catch {
    return 1024 * process.resourceUsage().maxRSS;
  }
};

// The library requires a browser's navigator, which Node 20 lacks.
globalThis.navigator ??= {};
let jax;
try {
  jax = await import('@jax-js/jax');
} catch (error) {
  send({ absent: error.message });
  process.exit(0);
}
const { numpy: np, lax, nn } = jax;
await jax.init('wasm');
jax.defaultDevice('wasm');

/** Weights of the network. The first forward pass records their shapes, and later ones take them in the same order. */
class Weights {
  constructor(arrays) {
    this.arrays = arrays;
    this.next = 0;
    this.shapes = [];
  }

  take(shape, scale, offset = 0) {
    this.shapes.push({ shape, scale, offset });
    return this.arrays ? this.arrays[this.next++] : undefined;
  }
}

const makeDivisible = (channels) => {
  const rounded = Math.max(8, Math.floor((channels + 4) / 8) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
};

/** Blocks of PP-LCNet: kernel, stride, channels at width 1, squeeze-and-excitation. */
const BLOCKS = [
  [3, 1, 32],
  [3, 2, 64],
  [3, 1, 64],
  [3, 2, 128],
  [3, 1, 128],
  [3, 2, 256],
  ...Array(5).fill([5, 1, 256]),
  [5, 2, 512, true],
  [5, 1, 512, true],
];

/** Runs the layers of the network on x. If x is undefined, only records the shapes of the weights. */
function embed(x, weights) {
  let value = x;
  let side = imageSize;
  const conv = (from, to, kernel, stride = 1, groups = 1) => {
    const fanIn = (from / groups) * kernel * kernel;
    const filter = weights.take([to, from / groups, kernel, kernel], Math.sqrt(6 / fanIn));
    const edge = (kernel - 1) / 2;
    side = Math.ceil(side / stride);
    value &&= lax.convGeneralDilated(
      value,
      filter,
      [stride, stride],
      [
        [edge, edge],
        [edge, edge],
      ],
      { featureGroupCount: groups },
    );
  };
  const normalize = (axes, spread, features) => {
    const [gamma, beta] = [weights.take(spread(features), 0, 1), weights.take(spread(features), 0)];
    if (!value) return;
    const centered = value.ref.sub(np.mean(value, axes, { keepdims: true }));
    const variance = np.mean(np.square(centered.ref), axes, { keepdims: true });
    value = centered
      .mul(np.reciprocal(np.sqrt(variance.add(1e-5))))
      .mul(gamma)
      .add(beta);
  };
  const batchNorm = (features) => {
    normalize([0, 2, 3], (c) => [1, c, 1, 1], features);
    value &&= nn.hardSilu(value);
  };
  const gate = (features) => {
    const reduced = Math.round(features / 4);
    const [w1, b1] = [
      weights.take([features, reduced], Math.sqrt(6 / features)),
      weights.take([1, reduced], 0),
    ];
    const [w2, b2] = [
      weights.take([reduced, features], Math.sqrt(6 / reduced)),
      weights.take([1, features], 0),
    ];
    if (!value) return;
    const hidden = nn.relu(np.matmul(np.mean(value.ref, [2, 3]), w1).add(b1));
    value = value.mul(nn.hardSigmoid(np.matmul(hidden, w2).add(b2)).reshape([batch, features, 1, 1]));
  };
  const linear = (from, to) => {
    const weight = weights.take([from, to], Math.sqrt(1 / from));
    value &&= np.matmul(value, weight);
    normalize([1], (c) => [1, c], to);
    if (values.norm === 'layernorm-batchnorm') normalize([0], (c) => [1, c], to);
  };

  let channels = makeDivisible(16 * width);
  conv(3, channels, 3, 2);
  batchNorm(channels);
  for (const [kernel, stride, atWidth1, squeezed] of BLOCKS) {
    conv(channels, channels, kernel, stride, channels);
    batchNorm(channels);
    if (squeezed) gate(channels);
    const to = makeDivisible(atWidth1 * width);
    conv(channels, to, 1);
    batchNorm(to);
    channels = to;
  }
  const kept = Math.round(channels / 4);
  conv(channels, kept, 1);
  value &&= value.reshape([batch, kept * side * side]);
  linear(kept * side * side, embedding);
  linear(embedding, embedding);
  return value;
}

const unit = (x) => x.ref.div(np.sqrt(np.sum(np.square(x), 1, { keepdims: true }).add(1e-12)));

/** Computes CosFace (scale 64, margin 0.4) over all classes. */
function lossOf(parameters, images, labels) {
  const centers = parameters[parameters.length - 1];
  const embeddings = embed(images, new Weights(parameters.slice(0, -1)));
  const cosines = np.matmul(unit(embeddings), np.transpose(unit(centers)));
  const oneHot = nn.oneHot(labels, classes);
  const logits = cosines.sub(oneHot.ref.mul(0.4)).mul(64);
  return np.mean(np.sum(nn.logSoftmax(logits).mul(oneHot), 1)).mul(-1);
}

function update(parameters, means, squares, images, labels, corrections) {
  const [loss, gradients] = jax.valueAndGrad(lossOf)(
    parameters.map((p) => p.ref),
    images,
    labels,
  );
  const norm = np.sqrt(gradients.map((g) => np.sum(np.square(g.ref))).reduce((a, b) => a.add(b)));
  const scale = np.minimum(np.reciprocal(norm.add(1e-6)).mul(5), 1);
  // corrections: 1 − β₁ᵗ and 1 − β₂ᵗ.
  const [c1, c2] = [corrections.ref.slice(0), corrections.slice(1)];
  const out = { parameters: [], means: [], squares: [] };
  gradients.forEach((gradient, i) => {
    const g = gradient.mul(scale.ref);
    const mean = means[i].mul(0.9).add(g.ref.mul(0.1));
    const square = squares[i].mul(0.999).add(np.square(g).mul(0.001));
    const step = mean.ref.div(c1.ref).div(np.sqrt(square.ref.div(c2.ref)).add(1e-8));
    const decay = parameters[i].ndim > 1 && parameters[i].shape[0] > 1 ? 1 - 1e-3 * 1e-3 : 1;
    out.parameters.push(parameters[i].mul(decay).sub(step.mul(1e-3)));
    out.means.push(mean);
    out.squares.push(square);
  });
  for (const used of [scale, c1, c2]) used.dispose();
  return [loss, out.parameters, out.means, out.squares];
}

function makeStep() {
  const weights = new Weights();
  embed(undefined, weights);
  weights.take([classes, embedding], 0.01);
  const fill = (count, f) => Float32Array.from({ length: count }, f);
  const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1);
  const random = (low, high) => low + (high - low) * Math.random();
  let parameters = weights.shapes.map(({ shape, scale, offset }) =>
    np.array(fill(sizeOf(shape), () => offset + random(-scale, scale))).reshape(shape),
  );
  let [means, squares] = [0, 1].map(() => weights.shapes.map(({ shape }) => np.zeros(shape)));
  const images = np
    .array(fill(batch * 3 * imageSize * imageSize, () => random(-2, 2)))
    .reshape([batch, 3, imageSize, imageSize]);
  const compiled = jax.jit(update);
  let count = 0;
  return async () => {
    count++;
    const labels = np.array(
      Int32Array.from({ length: batch }, () => Math.floor(Math.random() * classes)),
      { dtype: np.int32 },
    );
    const corrections = np.array(Float32Array.of(1 - 0.9 ** count, 1 - 0.999 ** count));
    const [loss, ...rest] = compiled(parameters, means, squares, images.ref, labels, corrections);
    [parameters, means, squares] = rest;
    await jax.blockUntilReady(rest);
    return (await loss.data())[0];
  };
}

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.resolve('@jax-js/jax')), 'utf8'),
);
send({ ready: { name: '@jax-js/jax', version, device: 'wasm' }, footprint: peakRss() });
let step;
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (request.do === 'exit') break;
  if (request.do === 'memory') {
    send({ memory: { peakRss: peakRss(), rss: process.memoryUsage.rss() } });
    continue;
  }
  step ??= makeStep();
  const milliseconds = [];
  const before = process.cpuUsage();
  let loss;
  for (let i = 0; i < request.count; i++) {
    const begun = performance.now();
    loss = await step();
    milliseconds.push(performance.now() - begun);
  }
  const { user, system } = process.cpuUsage(before);
  send({ milliseconds, processor: (user + system) / 1000, loss });
}
process.exit(0);
