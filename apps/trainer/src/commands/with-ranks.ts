import { setTimeout as sleep } from 'node:timers/promises';
import { CollectiveAbortedError } from '@unitsphere/collectives';
import { listenForInterrupt } from '../interrupt.js';
import { type RankGroup, toRankError } from '../train/rank-group.js';
import { EXIT, reportError, say } from './console.js';

// A launcher kills the other processes when one ends with an error. Process 0 prints its error and ends in this time.
const GRACE_MS = 5000;

/**
 * Runs the work of one process of a group, and ends the group. If it throws, the other processes end with its reason.
 * @param work Returns the exit code.
 * @throws On process 0, whatever the work throws; UserError with the reason if another process has ended the group.
 */
export async function withRanks(ranks: RankGroup, work: () => Promise<number>): Promise<number> {
  // Launchers send signals to all processes. Process 0 then ends the training, and tells the others.
  const interrupt = ranks.rank > 0 ? listenForInterrupt(() => {}) : undefined;
  try {
    const exitCode = await work();
    ranks.close();
    return exitCode;
  } catch (error) {
    const where = `process ${ranks.rank} on ${ranks.hosts[ranks.rank]}`;
    ranks.abort(`${where}: ${error instanceof Error ? error.message : error}`);
    if (ranks.rank === 0) throw toRankError(error);
    if (error instanceof CollectiveAbortedError) {
      await sleep(GRACE_MS);
      return EXIT.failure;
    }
    say(`${where}:`);
    const exitCode = reportError(error);
    await sleep(GRACE_MS);
    return exitCode;
  } finally {
    interrupt?.dispose();
  }
}
