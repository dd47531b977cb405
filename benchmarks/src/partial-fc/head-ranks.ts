import { type Communicator, withReplicas } from '@unitsphere/collectives';
import type { Trainee } from '../contender/serve.js';
import { type HeadRun, startHead } from './head-step.js';

/** Starts a head whose classes and batch are shared by several ranks, a thread each; this thread is rank 0. */
export function startRanks(run: HeadRun, ranks: number): Promise<Trainee> {
  return new Promise((resolve, reject) => {
    const file = new URL('./head-rank.js', import.meta.url);
    const ended = withReplicas({ size: ranks, file, data: () => run }, async (communicator) => {
      const trainee = await startHead(run, communicator);
      await new Promise<void>((stopped) => {
        resolve({
          ...trainee,
          step: () => {
            tell(communicator, true);
            return trainee.step();
          },
          stop: () => {
            stopped();
            return ended;
          },
        });
      });
      tell(communicator, false);
      await trainee.stop?.();
    });
    ended.catch(reject);
  });
}

/** Rank 0 says whether another step comes. */
function tell(communicator: Communicator, more: boolean): void {
  communicator.broadcast(Int32Array.of(more ? 1 : 0));
}

/** Whether another step comes. */
export function hear(communicator: Communicator): boolean {
  const more = new Int32Array(1);
  communicator.broadcast(more);
  return more[0] === 1;
}
