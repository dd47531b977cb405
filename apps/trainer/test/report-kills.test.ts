import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '@unitsphere/core';
import { expect, test } from 'vitest';
import { pictureFolder, temporaryFolder } from './fixtures.js';

const cli = fileURLToPath(new URL('../bin/unitsphere.js', import.meta.url));

/** Kills of the command. The campaign sets more. */
const KILLS = Number(process.env['UNITSPHERE_KILLS'] ?? 1);

const config = (data: string) => `
data: { source: folder, path: ${JSON.stringify(data)}, cacheDir: ${JSON.stringify(join(data, '.cache'))}, imageSize: 32, split: { train: 0.6, validation: 0.2, test: 0.2 }, workers: 0 }
model: { backbone: lcnet_035, embeddingSize: 16 }
training: { steps: 2, batchSize: 4, replicas: 1, logEvery: 1 }
backend: wasm
output: { name: run }
`;

/** Reads the files of a run, without the temporary ones that a killed process leaves. */
const readRun = (run: string) =>
  Object.fromEntries(
    readdirSync(run, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.includes('.tmp-'))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [file.slice(run.length), readFileSync(file).toString('base64')]),
  );

/** Runs `report`, and kills it at a change in the run's folder. @returns The number of changes. */
async function report(run: string, killAt = Number.POSITIVE_INFINITY): Promise<number> {
  const child = spawn(process.execPath, [cli, 'report', run], { stdio: 'ignore' });
  let changes = 0;
  const watcher = watch(run, { recursive: true }, () => {
    if (++changes === killAt) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.once('close', resolve));
  watcher.close();
  return changes;
}

test('a report killed while it is written leaves the old files or the new ones, and the next one completes it', {
  timeout: 200_000 + 40_000 * KILLS,
}, async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'tiny.yaml'), config(await pictureFolder()));
  const trained = spawnSync(process.execPath, [cli, 'train', 'tiny.yaml'], { cwd: folder, encoding: 'utf8' });
  expect(trained.status, trained.stderr).toBe(0);
  const run = join(folder, 'runs/run');
  const whole = readRun(run);
  expect(whole['/report.html']).toBeDefined();
  const changes = await report(run);
  expect(readRun(run)).toEqual(whole);
  const random = new Random(4, 'kills');
  for (let kill = 0; kill < KILLS; kill++) {
    // A missing report and missing plots are written again.
    rmSync(join(run, 'report.html'));
    rmSync(join(run, 'plots'), { recursive: true, force: true });
    await report(run, 1 + random.int(changes));
    for (const [file, bytes] of Object.entries(readRun(run))) expect(bytes, file).toBe(whole[file]);
  }
  await report(run);
  expect(readRun(run)).toEqual(whole);
  expect(readdirSync(run, { recursive: true }).filter((name) => String(name).includes('.tmp-'))).toEqual([]);
});
