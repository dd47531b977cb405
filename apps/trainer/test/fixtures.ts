import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@unitsphere/core';
import sharp from 'sharp';
import { onTestFinished } from 'vitest';
import type { Config } from '../src/config/config.js';
import { parseConfig } from '../src/config/parse-config.js';
import type { ProgressReporter } from '../src/progress/progress-reporter.js';
import { RunDirectory } from '../src/run/run-directory.js';
import { runTraining } from '../src/train/run-training.js';
import type { TrainingOptions, TrainingOutcome } from '../src/train/types.js';

/** Creates a folder that is deleted when the test ends. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'unitsphere-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The images of {@link pictureFolder} as PNG. Drawing them takes longer than a small training reads them. */
const pictures: Buffer[] = [];

async function drawPicture(i: number): Promise<Buffer> {
  const random = new Random(7, 'picture', i);
  const shapes = Array.from({ length: 6 }, () => {
    const [x, y, w, h] = [random.int(48), random.int(48), 8 + random.int(40), 8 + random.int(40)];
    return `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="hsl(${random.int(360)},70%,50%)"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">${shapes.join('')}</svg>`;
  return sharp(Buffer.from(svg)).flatten({ background: '#fff' }).png().toBuffer();
}

/** Writes `count` small images of colored rectangles, one per identity, and returns their folder. */
export async function pictureFolder(count = 24): Promise<string> {
  const folder = temporaryFolder();
  for (let i = 0; i < count; i++) {
    pictures[i] ??= await drawPicture(i);
    writeFileSync(join(folder, `${String(i).padStart(3, '0')}.png`), pictures[i]);
  }
  return folder;
}

/** Returns a config that is small enough for a test. Its cache is in the folder of its images, which the test deletes. */
export function tinyConfig(data: string, extra = ''): Config {
  return parseConfig(
    `
data:
  { source: folder, path: ${JSON.stringify(data)}, cacheDir: ${JSON.stringify(join(data, '.cache'))}, imageSize: 32, split: { train: 0.6, validation: 0.2, test: 0.2 }, workers: 0 }
model: { backbone: lcnet_035, embeddingSize: 16 }
training: { steps: 6, batchSize: 4, logEvery: 1, validateEvery: 3, checkpointEvery: 3, keepCheckpoints: 2 }
output: { plots: [] }
${extra}`,
    { file: 'test' },
  );
}

/** Returns a reporter that records notes and prints nothing. */
export function silentProgress(): ProgressReporter & { notes: string[] } {
  const notes: string[] = [];
  return { notes, step() {}, note: (line) => void notes.push(line), phase() {}, done() {} };
}

/** Drawing the plots of a report takes as long as a small training. Tests that read the report pass the real `renderReport`. */
const plainReport = () => '<title>a run</title>';

/** Trains a new run in `base`, or resumes the existing one. */
export async function train(
  config: Config,
  base: string,
  options: Partial<TrainingOptions> = {},
): Promise<TrainingOutcome> {
  let run: RunDirectory | undefined;
  const openRun = async () => {
    if (options.resume) {
      run = await RunDirectory.open(join(base, 'run'));
    } else {
      run = await RunDirectory.create(base, 'run');
      await run.writeConfig(config);
    }
    return run;
  };
  try {
    return await runTraining({
      config,
      resume: false,
      progress: silentProgress(),
      openRun,
      renderReport: plainReport,
      ...options,
    });
  } finally {
    await run?.close();
  }
}

/**
 * Trains the last steps of the finished run in `base` again, as if it had been killed after the checkpoint before its last one.
 * Not with centers in files, which have the newest checkpoint only.
 */
export async function repeatLastSteps(config: Config, base: string): Promise<TrainingOutcome> {
  dropLastCheckpoint(base);
  return train(config, base, { resume: true });
}

/** Takes the run in `base` back to the checkpoint before its last one. */
export function dropLastCheckpoint(base: string): void {
  const checkpoints = join(base, 'run', 'checkpoints');
  const last = readdirSync(checkpoints).sort().at(-1) as string;
  rmSync(join(checkpoints, last), { recursive: true });
}
