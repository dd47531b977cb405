import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isExplained, TINY, unitsphere } from './command-line.mjs';

/** Sizes of the disks, in KiB: too small for a config, for a checkpoint, for the second one, for the report. */
const SIZES = [4, 64, 700, 1500, 2600, 3600, 4600, 5600];

/**
 * Trains on disks of memory that fill up at different moments, then enlarges each and resumes.
 * @returns {Promise<import('./sections.mjs').Outcome>}
 */
export async function fullDisks() {
  const problems = [];
  let tried = 0;
  let survived = 0;
  for (const size of SIZES) {
    const folder = mkdtempSync(join(tmpdir(), 'campaign-disk-'));
    const mount = (options) =>
      spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status === 0;
    if (!mount(`size=${size}k`)) {
      rmSync(folder, { recursive: true });
      return { tried, survived, problems: ['mounting a tmpfs requires root; no disk was tried'] };
    }
    tried++;
    try {
      const args = [...TINY, '--set', 'data.identities=40', '--set', 'output.name=run', '--output', folder];
      const first = await unitsphere(['train', ...args], { cwd: tmpdir() });
      mount('remount,size=200m');
      const run = join(folder, 'run');
      const isThere = readdirSync(folder).includes('run');
      const again = isThere ? ['train', '--resume', run] : ['train', ...args];
      const second = await unitsphere(again, { cwd: tmpdir() });
      const left = readdirSync(run, { recursive: true }).filter((name) => name.includes('.tmp-'));
      if (isExplained(first) && second.code === 0 && left.length === 0) survived++;
      else
        problems.push(
          `${size} KiB: ${first.code}, ${second.code}, ${left.join()} ${second.stderr.slice(-300)}`,
        );
    } finally {
      spawnSync('umount', [folder]);
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return { tried, survived, problems };
}
