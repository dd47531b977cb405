// npm test: lint, types, unit tests, structure, the packages as they would be published, documents and licenses.
// It ends with a table of the contract's backends and one line: "N passed, N failed, N skipped".
// Arguments go to vitest, and then only unit tests run: npm test -- packages/ops
// --quick runs the unit tests of packages and tools, which require neither a browser nor a native library.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkProse } from '../prose/check-prose.mjs';
import { checkDocs } from './check-docs.mjs';
import { checkLicenses } from './check-licenses.mjs';
import { checkLockfiles } from './check-lockfile.mjs';
import { checkPackages } from './check-packages.mjs';
import { checkSizes } from './check-sizes.mjs';
import { checkStructure } from './check-structure.mjs';
import { checkStyle } from './check-style.mjs';
import { checkTypes } from './check-types.mjs';
import { contractTable } from './contract-table.mjs';
import { root } from './packages.mjs';

const total = { passed: 0, failed: 0, skipped: 0 };
const filters = process.argv
  .slice(2)
  // vitest compares a relative filter with paths inside each project.
  .flatMap((text) => (text === '--quick' ? [join(root, 'packages/'), join(root, 'tools/')] : text));
let backends = [];

if (filters.length === 0) {
  tool('lint', ['@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']);
  for (const { name, problems } of checkTypes()) report(name, problems);
}
unitTests();
if (filters.length === 0) {
  // Its child processes run while this one checks the rest.
  const packages = checkPackages();
  const checks = [
    ...(await checkProse()),
    ...checkStyle(),
    ...(await checkStructure()),
    ...(await packages),
    ...checkSizes(),
    ...checkDocs(),
    ...checkLicenses(),
    ...checkLockfiles(),
  ];
  for (const { name, problems } of checks) report(name, problems);
}
if (backends.length > 0) console.log(`\nContract checks per backend:\n${backends.join('\n')}`);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed ? 1 : 0);

function report(name, problems) {
  total[problems ? 'failed' : 'passed']++;
  console.log(`${problems ? '✗' : '✓'} ${name}`);
  if (problems) console.log(problems);
}

function tool(name, [file, ...args]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'node_modules', file), ...args],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
    },
  );
  report(name, status === 0 ? '' : `${stdout}${stderr}`);
}

function unitTests() {
  const folder = mkdtempSync(join(tmpdir(), 'unitsphere-test-'));
  const json = join(folder, 'results.json');
  const { status } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      '--config',
      'vitest.projects.ts',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${json}`,
      ...filters,
    ],
    { cwd: root, stdio: 'inherit' },
  );
  let results;
  try {
    results = JSON.parse(readFileSync(json, 'utf8'));
  } catch {
    report('unit tests', `vitest wrote no results (exit status ${status}); see above.`);
    return;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  backends = contractTable(results.testResults);
  total.passed += results.numPassedTests;
  total.failed += results.numFailedTests;
  total.skipped += results.numPendingTests + results.numTodoTests;
  for (const file of results.testResults) {
    for (const test of file.assertionResults) {
      if (test.status === 'pending' || test.status === 'skipped') console.log(`skipped: ${test.fullName}`);
    }
  }
  // A test file that fails to load has no failed test.
  if (status !== 0 && results.numFailedTests === 0)
    report('unit tests', `vitest exited with status ${status}; see above.`);
}
