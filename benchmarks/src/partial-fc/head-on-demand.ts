/** Process of one of our contenders: runs steps of a PartialFC on request of the runner. */
import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '@unitsphere/backends';
import { Command, Option } from 'commander';
import { serve } from '../contender/serve.js';
import { startRanks } from './head-ranks.js';
import { type HeadRun, startHead } from './start-head.js';

const count = (text: string) => Number.parseInt(text, 10);

const options = new Command()
  .requiredOption('--classes <count>', '', count)
  .requiredOption('--dimensions <count>', '', count)
  .requiredOption('--batch <rows>', '', count)
  .requiredOption('--sampled <count>', '', count)
  .addOption(new Option('--store <name>').choices(['device', 'host', 'file']).makeOptionMandatory())
  .option('--path <file>')
  .option('--cold')
  .option('--disjoint')
  .option('--ranks <count>', '', count, 1)
  .parse()
  .opts<HeadRun & { ranks: number }>();

await serve(
  async () => ({ backend: (await useBackend('wasm')).name, store: options.store, tfjs: tf.version_core }),
  () => (options.ranks > 1 ? startRanks(options, options.ranks) : startHead(options)),
);
