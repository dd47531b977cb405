import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describeMachine, type Machine } from '../measure/machine.js';
import { resolveRepositoryFile } from '../measure/repository-file.js';
import { type ImageSetSize, makeImages } from './make-images.js';

/** The formats that are trained on. */
export const FORMATS = ['folder', 'recordio', 'webdataset'] as const;

/** One training on the images in one format. */
export interface LargeSetRun {
  format: (typeof FORMATS)[number];
  /** Peak resident memory of the whole process in bytes, from its start to its end. */
  peakRss: number;
  /** Wall-clock time of the process, including the first look at every image. */
  seconds: number;
  losses: number[];
}

/** The report of `bench large-set`. */
export interface LargeSetReport {
  benchmark: 'large-set';
  date: string;
  machine: Machine;
  size: ImageSetSize;
  steps: number;
  settings: string[];
  runs: LargeSetRun[];
}

/** Options of {@link runLargeSet}. */
export interface LargeSetOptions extends ImageSetSize {
  steps: number;
  /** Further settings of the training. */
  set: string[];
  /** The formats to train on. */
  formats: LargeSetRun['format'][];
}

const CLI = resolveRepositoryFile('apps/trainer/bin/unitsphere.js');
const SAMPLE_MS = 250;

/**
 * Trains on one set of images as a folder, as RecordIO and as a tar file, each in a process of its own, and records the peak memory and
 * the losses. What exists in the folder is reused: images, archives, and the caches of an earlier run.
 * @throws Error if a training or a packing fails, or the system does not report the memory of processes.
 */
export async function runLargeSet(
  dir: string,
  { identities, images, side, steps, set, formats }: LargeSetOptions,
  log: (message: string) => void = () => undefined,
): Promise<LargeSetReport> {
  if (!existsSync('/proc/self/status'))
    throw new Error('large-set reads the memory of processes from /proc, which Linux has.');
  const size: ImageSetSize = { identities, images, side };
  const folder = join(dir, 'images');
  await mkdir(folder, { recursive: true });
  if (!existsSync(join(folder, String(identities - 1)))) {
    await makeImages(folder, size, (done) => log(`images of ${done} of ${identities} identities`));
  }
  const paths = { folder, recordio: join(dir, 'images.rec'), webdataset: join(dir, 'images.tar') };
  for (const format of formats) {
    const archive = paths[format];
    if (existsSync(archive)) continue;
    log(`packing ${archive}`);
    await run(['data', 'pack', folder, archive]);
  }
  const settings = [
    `training.steps=${steps}`,
    'training.logEvery=1',
    'training.checkpointEvery=null',
    'training.validateEvery=null',
    'data.split={ train: 0.98, validation: 0, test: 0.02 }',
    'data.imageSize=64',
    'data.memory=256',
    'data.cacheLimit=0',
    'output.plots=[]',
    ...set,
  ];
  const runs: LargeSetRun[] = [];
  for (const format of formats) {
    const path = paths[format];
    log(`training from ${path}`);
    const name = `${format}-${Date.now()}`;
    const given = [
      ...settings,
      `data.cacheDir=${join(dir, 'cache')}`,
      `output.directory=${join(dir, 'runs')}`,
      `output.name=${name}`,
    ];
    const { peakRss, seconds } = await run([
      'train',
      '--data',
      path,
      ...given.flatMap((one) => ['--set', one]),
    ]);
    runs.push({ format, peakRss, seconds, losses: readLosses(join(dir, 'runs', name, 'metrics.jsonl')) });
  }
  return {
    benchmark: 'large-set',
    date: new Date().toISOString(),
    machine: describeMachine(),
    size,
    steps,
    settings,
    runs,
  };
}

/** Adds the runs of an earlier report on formats that were not measured again. */
export function joinLargeSet(earlier: LargeSetReport, report: LargeSetReport): LargeSetReport {
  const again = new Set(report.runs.map(({ format }) => format));
  const runs = [...earlier.runs.filter(({ format }) => !again.has(format)), ...report.runs];
  return { ...report, runs: runs.sort((a, b) => FORMATS.indexOf(a.format) - FORMATS.indexOf(b.format)) };
}

function readLosses(file: string): number[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { loss?: number })
    .flatMap(({ loss }) => (loss === undefined ? [] : [loss]));
}

/** Runs a command of the trainer. @throws Error with the end of its output if it fails. */
function run(args: string[]): Promise<{ peakRss: number; seconds: number }> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let [peakRss, output] = [0, ''];
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-2000);
    });
    const timer = setInterval(() => {
      peakRss = Math.max(peakRss, readPeak(child.pid));
    }, SAMPLE_MS);
    child.once('error', reject);
    child.once('close', (code) => {
      clearInterval(timer);
      if (code === 0) resolve({ peakRss, seconds: (performance.now() - begun) / 1000 });
      else reject(new Error(`unitsphere ${args[0]} failed: ${stripVTControlCharacters(output).trim()}`));
    });
  });
}

/** Returns the peak resident memory of a process so far in bytes, 0 if it has ended. */
function readPeak(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return 1024 * Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
  } catch {
    return 0;
  }
}
