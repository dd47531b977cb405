/** Process of a contender with our kernels or the stock TensorFlow.js kernels. Trains on request of the runner. */
import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '@unitsphere/backends';
import {
  describeMatmulPrecision,
  MATMUL_PRECISIONS,
  type MatmulPrecision,
  withFloat32MatmulPrecision,
} from '@unitsphere/mixed-precision';
import { useStockKernels } from '@unitsphere/testing/stock-kernels';
import { Command, Option } from 'commander';
import { serve } from '../contender/serve.js';
import { readTfjsMemory } from '../contender/tfjs-memory.js';
import { waitForDevice } from '../measure/wait-for-device.js';
import { startTraining } from './start-training.js';
import type { Workload } from './workload.js';

const count = (text: string) => Number.parseInt(text, 10);

const options = new Command()
  .requiredOption('--backbone <name>')
  .requiredOption('--image-size <pixels>', '', count)
  .requiredOption('--batch <images>', '', count)
  .requiredOption('--classes <count>', '', count)
  .requiredOption('--embedding <length>', '', count)
  .requiredOption('--norm <name>')
  .requiredOption('--backend <name>')
  .requiredOption('--replicas <count>', '', count)
  .option('--threads <count>', '', count, 1)
  .addOption(new Option('--kernels <which>').choices(['ours', 'stock']).makeOptionMandatory())
  .addOption(new Option('--precision <which>').choices(MATMUL_PRECISIONS).default('highest'))
  .addOption(new Option('--activations <which>').choices(['float32', 'bfloat16']).default('float32'))
  .option('--sync-batch-norm')
  .parse()
  .opts<
    Workload & {
      backend: string;
      replicas: number;
      threads: number;
      kernels: 'ours' | 'stock';
      precision: MatmulPrecision;
      activations: 'float32' | 'bfloat16';
      syncBatchNorm?: boolean;
    }
  >();

await serve(open, async () => {
  const training = await startTraining(options, options.backend, options.replicas, {
    precision: { matmul: options.precision, activations: options.activations },
    threads: options.threads,
    syncBatchNorm: options.syncBatchNorm,
  });
  if (options.kernels === 'stock' && options.backend !== 'cpu') {
    // Our kernels register on first use and can be replaced only after it. On `cpu`, all kernels are stock.
    await training.step();
    useStockKernels(tf.getBackend());
  }
  // The figures are those of this thread, which is rank 0 of several replicas.
  return { ...training, finish: waitForDevice, memory: readTfjsMemory };
});

async function open() {
  const { name } = await useBackend(options.backend);
  const { products } = withFloat32MatmulPrecision(options.precision, describeMatmulPrecision);
  const { kernels, replicas, threads, precision, activations } = options;
  return {
    ...{ backend: name, kernels, replicas, threads, precision, activations, tfjs: tf.version_core },
    convolutions: products.conv2d.arithmetic,
  };
}
