/** The thread of a rank beside the first: makes the steps that rank 0 tells it to. */
import { useBackend } from '@unitsphere/backends';
import { serveReplica } from '@unitsphere/collectives';
import { hear } from './head-ranks.js';
import { type HeadRun, startHead } from './head-step.js';

await serveReplica<HeadRun>(async ({ communicator, data }) => {
  await useBackend('wasm');
  const trainee = await startHead(data, communicator);
  while (hear(communicator)) await trainee.step();
  await trainee.stop?.();
});
