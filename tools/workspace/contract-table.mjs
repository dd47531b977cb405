// Formats the results of the contract's tests (contract/test) as a table for the end of `npm test`.

/**
 * @param testResults vitest's JSON results, one per file.
 * @returns The lines of the table; empty if the contract did not run.
 */
export function contractTable(testResults) {
  const file = testResults.find(({ name }) =>
    name.replaceAll('\\', '/').endsWith('contract/test/contract.test.ts'),
  );
  const rows = new Map();
  for (const { ancestorTitles, title, status, meta } of file?.assertionResults ?? []) {
    const [backend] = ancestorTitles;
    if (!backend || (!meta?.device && status === 'passed')) continue;
    const row = rows.get(backend) ?? { backend, device: '', passed: 0, failed: 0, skipped: 0, reason: '' };
    rows.set(backend, row);
    row.device ||= meta?.device ?? '';
    if (status === 'passed') row.passed++;
    else if (status === 'failed') row.failed++;
    else row.skipped++;
    // A check that vitest's -t filters out has no reason.
    if (!row.reason && (status === 'failed' || (status !== 'passed' && !row.device))) row.reason = title;
  }
  if (rows.size === 0) return [];
  const cells = [['backend', 'adapter or device', 'passed', 'failed', 'skipped', 'reason']];
  for (const row of rows.values()) cells.push(Object.values(row).map(String));
  const widths = cells[0].map((_, i) => Math.max(...cells.map((line) => line[i].length)));
  return cells.map((line) =>
    line
      .map((text, i) => text.padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  );
}
