import type { Communicator } from '@unitsphere/collectives';
import { hear } from './commands.js';
import type { Replica } from './replica.js';

/**
 * Executes rank 0's commands on another rank until `stop`.
 * @param beforeStep Called before each training step.
 */
export async function obeyCommands(
  communicator: Communicator,
  replica: Replica,
  beforeStep: (step: number) => Promise<void> = async () => {},
): Promise<void> {
  for (let command = hear(communicator); command.name !== 'stop'; command = hear(communicator)) {
    const { name, step, count } = command;
    if (name === 'train') {
      await beforeStep(step);
      await replica.train(step, count);
    } else if (name === 'embed' || name === 'embedUnscaled') {
      await replica.embed(count, undefined, { normalize: name === 'embed' });
    } else if (name === 'restore') await replica.restore(step);
    else await replica[name]();
  }
}
