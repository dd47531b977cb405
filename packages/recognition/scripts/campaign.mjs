// Kills processes that write galleries, every other time during a compaction, and counts what survives.
//   npm run campaign -w packages/recognition [-- KILLS]
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const kills = process.argv[2] ?? '100';
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--disable-console-intercept', 'test/store', '-t', 'kills'],
  {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, UNITSPHERE_KILLS: kills },
    stdio: 'inherit',
  },
);
process.exitCode = status ?? 1;
