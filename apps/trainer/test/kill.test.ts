import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { parseConfig } from '../src/config/parse-config.js';
import { bestCheckpoint, latestCheckpoint } from '../src/run/checkpoints.js';
import { readMetrics } from '../src/run/metrics-log.js';
import { RunDirectory } from '../src/run/run-directory.js';
import { bundleFixture } from './fixtures/bundle.js';
import { useTemporaryFolder } from './fixtures/temporary-folder.js';

const folder = useTemporaryFolder();

/** Starts the writer, kills it some time after its first checkpoint, and returns the last step that it printed. */
async function writeAndKill(script: string, path: string, afterMs: number): Promise<number> {
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const started = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (data) => {
      output += data;
      resolve();
    });
    child.on('exit', (code) => reject(new Error(`the writer ended with code ${code} before it was killed`)));
  });
  await started;
  await sleep(afterMs);
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await ended;
  return Number(output.trim().split('\n').filter(Boolean).at(-1));
}

test('kill -9 at any moment leaves a complete checkpoint at least as new as the last printed one', {
  timeout: 60_000,
}, async () => {
  const script = bundleFixture('checkpoint-writer');
  const first = await RunDirectory.create(folder(), 'run');
  await first.writeConfig(parseConfig(''));
  await first.close();
  for (let round = 0; round < 8; round++) {
    const printed = await writeAndKill(script, first.path, Math.random() * 40);
    const run = await RunDirectory.open(first.path);
    const { checkpoint, damaged } = await latestCheckpoint(run);
    expect(damaged).toEqual([]);
    expect(checkpoint!.step).toBeGreaterThanOrEqual(printed);
    expect(checkpoint!.step).toBeLessThanOrEqual(printed + 1);
    expect((await checkpoint!.readFile('a.bin'))[0]).toBe(checkpoint!.step % 251);
    const { step } = checkpoint!;
    expect((await bestCheckpoint(run))?.step).toBe(step < 3 ? undefined : step - (step % 3));
    const names = [...readdirSync(run.path), ...readdirSync(run.file('checkpoints'))];
    expect(names.filter((name) => name.startsWith('.tmp'))).toEqual([]);
    const log = await run.openMetrics({ throughStep: checkpoint!.step });
    await log.close();
    const steps = (await readMetrics(run.file('metrics.jsonl'))).map((record) => record.step);
    expect(steps).toEqual(Array.from({ length: checkpoint!.step }, (_, i) => i + 1));
    await run.close();
  }
});
