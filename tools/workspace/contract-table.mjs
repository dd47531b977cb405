// What the contract's tests (packages/contract) gave on each backend, as a table for the end of `npm test`.

/**
 * @param testResults vitest's JSON results, a file each.
 * @returns Lines; none where the contract did not run.
 */
export function contractTable(testResults) {
  const file = testResults.find(({ name }) =>
    name.replaceAll('\\', '/').endsWith('contract/test/contract.test.ts'),
  );
  const rows = new Map();
  for (const { ancestorTitles, title, status, meta } of file?.assertionResults ?? []) {
    const [backend] = ancestorTitles;
    if (!backend || (!meta?.device && status === 'passed')) continue;
    const row = rows.get(backend) ?? { backend, device: '', passed: 0, failed: 0, skipped: 0, why: '' };
    rows.set(backend, row);
    row.device ||= meta?.device ?? '';
    if (status === 'passed') row.passed++;
    else if (status === 'failed') row.failed++;
    else row.skipped++;
    // A check that was not asked for (vitest's -t) needs no reason.
    if (!row.why && (status === 'failed' || (status !== 'passed' && !row.device))) row.why = title;
  }
  if (rows.size === 0) return [];
  const cells = [['backend', 'adapter or device', 'passed', 'failed', 'skipped', 'why']];
  for (const row of rows.values()) cells.push(Object.values(row).map(String));
  const widths = cells[0].map((_, i) => Math.max(...cells.map((line) => line[i].length)));
  return cells.map((line) =>
    line
      .map((text, i) => text.padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  );
}
