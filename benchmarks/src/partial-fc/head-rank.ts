/** Thread of a rank other than 0: runs the steps that rank 0 announces. */
import { useBackend } from '@unitsphere/backends';
import { serveReplica } from '@unitsphere/collectives';
import { receiveNextStep } from './head-ranks.js';
import { type HeadRun, startHead } from './start-head.js';

await serveReplica<HeadRun>(async ({ communicator, data }) => {
  await useBackend('wasm');
  const head = await startHead(data, communicator);
  while (receiveNextStep(communicator)) await head.step();
  await head.stop?.();
});
