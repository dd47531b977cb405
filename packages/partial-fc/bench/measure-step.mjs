// Times steps of a PartialFC in a process of its own: node bench/measure-step.mjs '{"classes":10000,…}'; prints JSON.
// measureStep() is what the workspace's benchmark runner calls.
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { CosFace } from '@unitsphere/margin-losses';
import { ClassSampler, deviceStore, hostStore, PartialFC, RowAdamW } from '@unitsphere/partial-fc';
import { fileStore } from '@unitsphere/partial-fc/file';

/**
 * @typedef {object} Workload
 * @property {number} classes
 * @property {number} dimensions
 * @property {number} batch
 * @property {number} sampled Sampled classes.
 * @property {'device' | 'host' | 'file'} store
 * @property {string} [path] Of the file.
 * @property {number} [cacheBytes] Of the file.
 * @property {number} steps Steps whose samples differ; they are run over once before they are timed.
 * @property {boolean} [cold] Time the first run after the system forgot the file, with an empty cache of rows.
 */

/** Milliseconds of each step, by the clock and of the processors, and memory in bytes. @param {Workload} workload */
export async function measureStep({
  classes,
  dimensions,
  batch,
  sampled,
  store,
  path,
  cacheBytes,
  steps,
  cold = false,
}) {
  await tf.setBackend('wasm');
  const inMemory = { device: deviceStore, host: hostStore };
  const seed = 1;
  const uniform = new ClassSampler(classes, sampled, seed);
  const make = (overwrite) =>
    new PartialFC({
      classes,
      dimensions,
      loss: new CosFace(),
      optimizer: new RowAdamW(),
      store: store === 'file' ? fileStore(path, { cacheBytes, overwrite }) : inMemory[store](),
      // The same samples each time around.
      sampler:
        sampled >= classes
          ? uniform
          : { samplesAll: false, sample: (labels, step) => uniform.sample(labels, step % steps) },
      seed,
    });
  let head = make(true);
  const embeddings = Array.from({ length: steps }, () => tf.randomNormal([batch, dimensions]));
  const once = async () => {
    const milliseconds = [];
    for (const [i, of] of embeddings.entries()) {
      const labels = Int32Array.from({ length: batch }, (_, j) => ((i * batch + j) * 7919) % classes);
      const begun = performance.now();
      const { embeddingGradient } = await head.forwardBackward(of, labels);
      await head.step({ lr: 1e-3 });
      milliseconds.push(performance.now() - begun);
      embeddingGradient.dispose();
    }
    return milliseconds;
  };
  const first = await once();
  if (store === 'file') {
    // The rows are in the file then, at their places.
    const state = await head.stateDict();
    await head.checkpointWritten();
    if (cold) {
      head.dispose();
      execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
      head = make(false);
      await head.loadStateDict(state);
    }
  }
  const begun = process.cpuUsage();
  const milliseconds = await once();
  const { user, system } = process.cpuUsage(begun);
  // Of a step, over all threads: what a loaded machine leaves of a measurement.
  const processorTime = (user + system) / 1000 / steps;
  const memory = {
    resident: process.memoryUsage().rss,
    peak: process.resourceUsage().maxRSS * 1024,
    // Without pages of files, which the system gives back when it needs them.
    anonymous:
      1024 * Number(/RssAnon:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? Number.NaN),
    tensors: tf.memory().numBytes,
  };
  const onDisk =
    store === 'file' ? { size: statSync(path).size, used: statSync(path).blocks * 512 } : undefined;
  head.dispose();
  return { first, milliseconds, processorTime, memory, onDisk };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(JSON.stringify(await measureStep(JSON.parse(process.argv[2]))));
}
