import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '@unitsphere/core/random';
import { bundleModule } from '@unitsphere/testing/bundle-module';
import { expect } from 'vitest';
import { GalleryModel } from './gallery-model.js';
import { killChanges } from './kill-changes.js';
import { openKillStore } from './kill-store.js';
import { describeGallery } from './store-contract.js';

/** Number of kills, few in the ordinary tests. */
export const KILLS = Number(process.env['UNITSPHERE_KILLS'] ?? 3);

/**
 * Lets a process carry out transactions and compactions, kills it at a random moment, every other time at the beginning of a
 * compaction, and checks that the gallery is that after all acknowledged transactions, or one more. Repeats this on the same gallery.
 * @param kill Ends what is to be tested. Default: the process.
 * @param onKilled Called after each kill, before the gallery is opened.
 * @returns The number of transactions in the end.
 */
export async function surviveKills(
  kind: string,
  place: string,
  {
    kill = async (child: { kill(signal: 'SIGKILL'): void }) => child.kill('SIGKILL'),
    onKilled = async () => {},
    seed = 1,
  }: {
    kill?: (child: { kill(signal: 'SIGKILL'): void }) => Promise<void>;
    onKilled?: () => Promise<void>;
    seed?: number;
  } = {},
): Promise<number> {
  const program = bundleModule('./fixtures/enroll-forever.ts', import.meta.url);
  const random = new Random(seed, 'kills');
  const model = new GalleryModel();
  let known = 0;
  for (let n = 0; n < KILLS; n++) {
    const child = spawn(process.execPath, [program, kind, place], { stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (text) => {
      errors += text;
    });
    let acknowledged = known;
    const lines = createInterface({ input: child.stdout });
    // A busy machine takes long for a transaction, so the moment is some of them and a time.
    const [inCompaction, least] = [n % 2 > 0, known + random.int(5)];
    const isDue = new Promise<void>((resolve) => {
      lines.on('line', (line) => {
        if (Number(line) > 0) acknowledged = Number(line);
        if (inCompaction ? line === 'compact' : acknowledged >= least) resolve();
      });
    });
    const ended = Promise.all([once(child, 'exit'), once(lines, 'close')]);
    await Promise.race([isDue, ended]);
    expect(errors).toBe('');
    await sleep(random.uniform(0, inCompaction ? 8 : 250));
    await kill(child);
    await ended;
    await onKilled();
    const store = await openKillStore(kind, place);
    const snapshot = await store.read();
    await store.close();
    const context = `kill ${n + 1}: ${acknowledged} acknowledged, ${snapshot.revision} stored`;
    expect(snapshot.revision - acknowledged, context).toBeOneOf([0, 1]);
    while (known < snapshot.revision) model.write(killChanges(++known));
    expect(describeGallery(snapshot), context).toEqual(model.describe());
  }
  return known;
}
