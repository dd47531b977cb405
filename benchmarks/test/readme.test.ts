import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fillTables, writeTables } from '../src/readme.js';
import { runStep } from '../src/step/run-step.js';
import { DEFAULT_WORKLOAD } from '../src/step/workload.js';
import { fake } from './fake.js';

const pace = { rounds: 1, turnSeconds: 0.02, warmUpSteps: 2, slowRounds: 1 };

test('replaces the text between the markers, and is idempotent', async () => {
  const report = await runStep([fake('unitsphere-wasm')], DEFAULT_WORKLOAD, pace);
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    const readme = join(folder, 'README.md');
    await writeFile(readme, '# Measured\n\n<!-- bench step -->\nold\n<!-- /bench step -->\n\nThe end.\n');
    await writeFile(join(folder, 'step.json'), JSON.stringify(report));
    expect(await writeTables(readme, folder)).toEqual(['step.json']);
    const text = await readFile(readme, 'utf8');
    expect(text).toMatch(
      /^# Measured\n\n<!-- bench step -->\n.*\| Fake unitsphere-wasm .*<!-- \/bench step -->\n\nThe end.\n$/s,
    );
    expect(text).not.toContain('old');
    await writeTables(readme, folder);
    expect(await readFile(readme, 'utf8')).toBe(text);
    expect(() => fillTables('no markers', { step: report })).toThrow(
      'The text has no markers for the tables of step',
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
