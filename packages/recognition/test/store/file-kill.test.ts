import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { KILLS, surviveKills } from './survive-kills.js';

test(`a file keeps every acknowledged transaction over ${KILLS} kills`, {
  timeout: 30_000 + KILLS * 5000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gallery-kill-'));
  let inCompaction = 0;
  try {
    const transactions = await surviveKills('file', join(folder, 'g.safetensors'), {
      onKilled: async () => {
        if (readdirSync(folder).some((name) => name.startsWith('.tmp-'))) inCompaction++;
      },
    });
    expect(transactions).toBeGreaterThan(KILLS);
    // What killed rewrites left is removed by the next opening.
    expect(readdirSync(folder)).toEqual(['g.safetensors']);
    if (process.env['UNITSPHERE_KILLS']) {
      console.log(
        `file: ${KILLS} kills, ${inCompaction} during a compaction, ${transactions} transactions, none lost`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
