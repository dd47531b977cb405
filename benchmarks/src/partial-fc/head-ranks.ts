import { type Communicator, withReplicas } from '@unitsphere/collectives';
import type { StepRunner } from '../contender/serve.js';
import { type HeadRun, startHead } from './start-head.js';

/** Starts a head whose classes and batch are split over several ranks, each in its own thread. This thread is rank 0. */
export function startRanks(run: HeadRun, ranks: number): Promise<StepRunner> {
  return new Promise((resolve, reject) => {
    const file = new URL('./head-rank.js', import.meta.url);
    const ended = withReplicas({ size: ranks, file, data: () => run }, async (communicator) => {
      const head = await startHead(run, communicator);
      await new Promise<void>((stopped) => {
        resolve({
          ...head,
          step: () => {
            announceStep(communicator, true);
            return head.step();
          },
          stop: () => {
            stopped();
            return ended;
          },
        });
      });
      announceStep(communicator, false);
      await head.stop?.();
    });
    ended.catch(reject);
  });
}

/** Broadcasts from rank 0 whether another step follows. */
function announceStep(communicator: Communicator, follows: boolean): void {
  communicator.broadcast(Int32Array.of(follows ? 1 : 0));
}

/** Receives from rank 0 whether another step follows. */
export function receiveNextStep(communicator: Communicator): boolean {
  const follows = new Int32Array(1);
  communicator.broadcast(follows);
  return follows[0] === 1;
}
