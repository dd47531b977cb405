import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { readRunFigures, readRunRoc } from '../src/compare/run-figures.js';
import { parseConfig } from '../src/config/parse-config.js';
import { readRunData, writeRunData } from '../src/dataset/run-data.js';
import { readFiles } from '../src/run/checkpoint.js';
import { latestCheckpoint } from '../src/run/checkpoints.js';
import { readMetricsFile } from '../src/run/metrics-log.js';
import { RunDirectory } from '../src/run/run-directory.js';
import { sealJson } from '../src/run/sealed-file.js';
import { runOutput } from '../src/train/run-output.js';
import { useTemporaryFolder } from './fixtures/temporary-folder.js';

const folder = useTemporaryFolder();
const STEP = 20;

/** Writes a finished run by the functions that a training uses, with contents of its own. */
async function finishedRun(): Promise<string> {
  const run = await RunDirectory.create(folder(), 'run');
  await run.writeConfig(parseConfig('seed: 7'));
  const names = (part: string) => Array.from({ length: 8 }, (_, i) => `${part}-${i}`);
  const images = Object.fromEntries(names('train').map((name) => [name, [[`${name}.png`, 'ab'.repeat(32)]]]));
  await writeRunData(run, {
    source: 'folder',
    train: names('train'),
    validation: names('validation'),
    test: names('test'),
    earlier: [],
    images: images as Record<string, [string, string][]>,
  });
  const output = runOutput(run, { keepCheckpoints: 2, note: () => {} });
  await output.open(0);
  for (let step = 1; step <= STEP; step++) await output.metrics({ step, loss: 1 / step });
  const bytes = (seed: number) => Uint8Array.from({ length: 700 }, (_, i) => (i * seed) % 251);
  const files = {
    'backbone.safetensors': bytes(3),
    'classes.safetensors': bytes(5),
    'optimizer.safetensors': bytes(7),
  };
  await output.checkpoint(STEP, files as never, { untrained: null, seconds: 1 } as never);
  await output.close();
  const { fingerprint } = await readMetricsFile(run.file('metrics.jsonl'));
  await run.writeFile(
    'report.json',
    sealJson({ title: 'run', roc: { heldOut: { fpr: [0, 1], tpr: [0, 1] } } }),
  );
  await run.writeFile('summary.json', sealJson({ steps: STEP, auroc: 0.9, metrics: fingerprint }, 2));
  await run.close();
  return run.path;
}

/** Reads everything that resume, evaluate, grow and compare read from a run. Returns it, with the warnings. */
async function readAll(path: string) {
  const warnings: string[] = [];
  const run = await RunDirectory.openForReading(path);
  const config = await run.readConfig();
  const data = await readRunData(run);
  const { checkpoint, damaged } = await latestCheckpoint(run);
  if (!checkpoint) throw new Error(damaged.map(({ reason }) => reason).join());
  const { metrics, ...state } = checkpoint.state;
  const output = runOutput(run, {
    keepCheckpoints: 2,
    expected: metrics as never,
    note: (text) => warnings.push(text),
  });
  await output.open(STEP);
  await output.close();
  if (warnings.length > 0) throw new Error(warnings.join());
  const files = await readFiles(checkpoint);
  return { config, data, state, files, figures: await readRunFigures(path), roc: await readRunRoc(path) };
}

const filesOf = (path: string) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** Flips per file. The campaign sets more. */
const REGIONS = Number(process.env['UNITSPHERE_FLIPS'] ?? 48);

test('a flipped bit in any region of any file of a run is reported with the name of the file, or changes nothing', {
  timeout: 20_000 + 500 * REGIONS,
}, async () => {
  const path = await finishedRun();
  const expected = await readAll(path);
  const files = filesOf(path);
  expect(files.map((file) => basename(file)).sort()).toEqual([
    'backbone.safetensors',
    'classes.safetensors',
    'config.yaml',
    'identities.json',
    'metrics.jsonl',
    'optimizer.safetensors',
    'report.json',
    'state.json',
    'summary.json',
  ]);
  for (const file of files) {
    const whole = readFileSync(file);
    let detected = 0;
    for (let region = 0; region < REGIONS; region++) {
      const at = Math.floor(((region + 0.5) * whole.length) / REGIONS);
      const flipped = Buffer.from(whole);
      flipped[at] ^= 1 << (region % 8);
      writeFileSync(file, flipped);
      try {
        expect(await readAll(path), `${basename(file)}, byte ${at}`).toEqual(expected);
      } catch (error) {
        if ((error as Error).name === 'AssertionError') throw error;
        expect((error as Error).message, `byte ${at}`).toContain(basename(file));
        detected++;
      }
      writeFileSync(file, whole);
    }
    expect(detected, basename(file)).toBeGreaterThan(0.8 * REGIONS);
  }
});
