import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Runs tests of packages. `kills` and `flips` are passed to them.
 * @param {string} files Paths, separated by spaces.
 * @param {{ only?: string, kills?: number, flips?: number, count?: number }} [options] `only` selects tests by name. `count` is
 *   what the tests try together; default: `kills`, or else the number of tests.
 * @returns {Promise<import('./sections.mjs').Outcome>} Nothing counts as survived if a test fails.
 */
export async function tests(files, { only, kills, flips, count = kills } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'campaign-'));
  const report = join(folder, 'report.json');
  const args = ['vitest', 'run', '--config', 'vitest.projects.ts', ...files.split(' ')];
  if (only) args.push('-t', only);
  const env = {
    ...process.env,
    // On the disk. By default, tests keep their files in memory.
    TMPDIR: tmpdir(),
    ...(kills && { UNITSPHERE_KILLS: String(kills) }),
    ...(flips && { UNITSPHERE_FLIPS: String(flips) }),
  };
  const child = spawn('npx', [...args, '--reporter=json', `--outputFile=${report}`], {
    cwd: root,
    env,
    stdio: 'ignore',
  });
  await new Promise((resolve) => child.once('close', resolve));
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
    const run = testResults.flatMap(({ assertionResults }) => assertionResults);
    const passed = run.filter(({ status }) => status === 'passed');
    const failed = [
      ...run.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
      // A file that cannot be loaded has no tests.
      ...testResults
        .filter(({ status, assertionResults }) => status === 'failed' && !assertionResults.length)
        .map(({ name }) => name),
    ];
    const tried = count ?? passed.length + failed.length;
    if (passed.length === 0 && failed.length === 0) failed.push('no test was selected');
    return { tried, survived: failed.length === 0 ? tried : count ? 0 : passed.length, problems: failed };
  } catch (error) {
    return { tried: count ?? 0, survived: 0, problems: [`the tests did not run: ${error.message}`] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
