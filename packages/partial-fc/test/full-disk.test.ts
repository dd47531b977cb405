/** A disk that fills up under threads that write: an error that says so, and the centers of the last checkpoint. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { start } from '../../../tools/workspace/backends.js';
import { bundleModule } from '../../../tools/workspace/bundle-module.js';
import { hostStore } from '../src/index.js';
import { classes, makeHead, openHead, trainStep } from './fixtures/trainer.js';

test.skipIf(process.platform === 'win32')(
  'a journal that may not grow ends the training, and the checkpoint stands (Windows has no limit to set)',
  { timeout: 60_000 },
  async () => {
    await start('wasm');
    const folder = mkdtempSync(join(tmpdir(), 'full-'));
    try {
      // In bash's unit of 1,024 bytes: the center file fits, a journal of many steps does not.
      const limited = `ulimit -f 150; exec "${process.execPath}" "${bundleModule('./fixtures/trainer.ts', import.meta.url)}" fill "${folder}"`;
      const { status, stderr } = spawnSync('bash', ['-c', limited], { encoding: 'utf8' });
      expect(stderr).toMatch(
        /CenterStoreError: cannot write .*classes\.centers\.journal: the file is larger than .* its limit allows .*resume from that checkpoint/,
      );
      expect(status).toBeGreaterThan(0);
      const head = await openHead(folder);
      expect(head.stepCount).toBeGreaterThan(3);
      const truth = makeHead(hostStore());
      while (truth.stepCount < head.stepCount) await trainStep(truth);
      expect([...(await head.store.readCenters(0, classes))]).toEqual([
        ...(await truth.store.readCenters(0, classes)),
      ]);
      truth.dispose();
      head.dispose();
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
