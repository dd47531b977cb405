/** A disk that fills up while threads write: the error says so, and the centers of the last checkpoint stay intact. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start } from '@unitsphere/testing/backends';
import { bundleModule } from '@unitsphere/testing/bundle-module';
import { expect, test } from 'vitest';
import { hostStore } from '../src/index.js';
import { classes, createPartialFC, openPartialFC, trainStep } from './fixtures/trainer.js';

test.skipIf(process.platform === 'win32')(
  'a journal at its size limit ends the training and keeps the checkpoint (skipped on Windows, which has no ulimit)',
  { timeout: 60_000 },
  async () => {
    await start('wasm');
    const folder = mkdtempSync(join(tmpdir(), 'full-'));
    try {
      // The unit of ulimit is 1,024 bytes. The center file fits, a journal of many steps does not.
      const limited = `ulimit -f 150; exec "${process.execPath}" "${bundleModule('./fixtures/trainer.ts', import.meta.url)}" fill "${folder}"`;
      const { status, stderr } = spawnSync('bash', ['-c', limited], { encoding: 'utf8' });
      expect(stderr).toMatch(
        /CenterStoreError: cannot write .*classes\.centers\.journal: the file is larger than .* its limit allows .*resume from that checkpoint/,
      );
      expect(status).toBeGreaterThan(0);
      const partialFC = await openPartialFC(folder);
      expect(partialFC.stepCount).toBeGreaterThan(3);
      const truth = createPartialFC(hostStore());
      while (truth.stepCount < partialFC.stepCount) await trainStep(truth);
      expect([...(await partialFC.store.readCenters(0, classes))]).toEqual([
        ...(await truth.store.readCenters(0, classes)),
      ]);
      truth.dispose();
      partialFC.dispose();
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
