import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ContenderSpec } from '../contender/contender.js';
import { getPythonCommand, resolvePeerFile } from '../contender/peers.js';
import type { Pace } from '../measure/interleave.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { type Timing, timeContenders } from '../measure/time-contenders.js';
import { createStepContenders } from '../step/contenders.js';
import { DEFAULT_WORKLOAD } from '../step/workload.js';
import { makePhotographs, type PhotographSize } from './make-photographs.js';

/** Figures of one size of the files and of the images that they become. */
export interface DataRow {
  /** Size of the JPEG files. */
  file: PhotographSize & { kilobytes: number };
  /** Side of the images in pixels. */
  size: number;
  contenders: { id: string; label: string; timing: Timing; imagesPerSecond: number }[];
  /** Peers that could not run, each with the reason. */
  absent: string[];
  /** Our images a second over those of the fastest peer. */
  ratio?: number;
}

/** The report of `bench data`. */
export interface DataReport {
  benchmark: 'data';
  date: string;
  machine: Machine;
  batch: number;
  rows: DataRow[];
  /** Images a second a core that a training uses: the step of `bench step` on one replica. */
  training: { backbone: string; imageSize: number; imagesPerSecond: number };
  libraries: string[];
}

/** Options of {@link runData}. */
export interface DataBenchOptions {
  /** Sides of the images in pixels. */
  sizes: number[];
  rounds: number;
  turnSeconds: number;
  /** Folder for the files; what it contains is reused. Default: a temporary folder. */
  folder?: string;
}

const FILES: (PhotographSize & { count: number })[] = [
  { width: 250, height: 250, count: 256 },
  { width: 1920, height: 1080, count: 48 },
];
const BATCH = 32;
const REMEDY =
  'Run pip install torch torchvision albumentations, and set UNITSPHERE_PYTHON to the Python that has them (default: python3).';

/** Our loader on the cache of decoded images, as a training reads them after their first decoding. */
export const CACHED = 'ours-cached';

/** Our built program. */
const OURS = fileURLToPath(new URL('./load-on-demand.js', import.meta.url));

/**
 * Measures how many images a core decodes and augments in a second, beside PyTorch's DataLoader. The figures are of processor time
 * over all threads, so they hold for any number of workers.
 */
export async function runData(
  { sizes, rounds, turnSeconds, folder: kept }: DataBenchOptions,
  log: (message: string) => void = () => undefined,
  program = OURS,
): Promise<DataReport> {
  const pace: Pace = { rounds, turnSeconds, warmUpSteps: 4, slowRounds: rounds };
  const folder = kept ?? (await mkdtemp(join(tmpdir(), 'unitsphere-data-')));
  try {
    const rows: DataRow[] = [];
    const libraries = new Set<string>();
    for (const { count, ...file } of FILES) {
      const dir = join(folder, `${file.width}x${file.height}`);
      log(`making ${count} files of ${file.width} × ${file.height}`);
      await makePhotographs(dir, file, count);
      const kilobytes = (await folderBytes(dir)) / count / 1000;
      for (const size of sizes) {
        const specs = contenders(program, dir, size, join(folder, 'cache'));
        const { timed, absent } = await timeContenders(specs, pace, (message) =>
          log(`${file.width} × ${file.height} to ${size}: ${message}`),
        );
        for (const { description } of timed) if (description.library) libraries.add(`${description.library}`);
        const measured = timed.map(({ spec, timing }) => ({
          id: spec.id,
          label: spec.label,
          timing,
          imagesPerSecond: (1000 * BATCH) / timing.processorMilliseconds.median,
        }));
        rows.push({
          file: { ...file, kilobytes },
          size,
          contenders: measured,
          absent: Object.values(absent),
          ratio: ratioOf(measured),
        });
      }
    }
    return {
      benchmark: 'data',
      date: new Date().toISOString(),
      machine: describeMachine(),
      batch: BATCH,
      rows,
      training: await measureTraining(pace, log),
      libraries: [...libraries],
    };
  } finally {
    if (kept === undefined) await rm(folder, { recursive: true });
  }
}

/** Adds the rows of an earlier report whose sizes were not measured again. */
export function joinData(earlier: DataReport, report: DataReport): DataReport {
  const keyOf = ({ file, size }: DataRow) => `${file.width}x${file.height} ${size}`;
  const again = new Set(report.rows.map(keyOf));
  const rows = [...earlier.rows.filter((row) => !again.has(keyOf(row))), ...report.rows];
  return {
    ...report,
    rows: rows.sort((a, b) => a.file.width - b.file.width || a.size - b.size),
    libraries: [...new Set([...earlier.libraries, ...report.libraries])],
  };
}

function ratioOf(measured: DataRow['contenders']): number | undefined {
  const ours = measured.find(({ id }) => id === 'ours');
  const peers = measured
    .filter(({ id }) => id !== 'ours' && id !== CACHED)
    .map(({ imagesPerSecond }) => imagesPerSecond);
  return ours && peers.length > 0 ? ours.imagesPerSecond / Math.max(...peers) : undefined;
}

function contenders(program: string, dir: string, size: number, cache: string): ContenderSpec[] {
  const args = ['--folder', dir, '--size', String(size), '--batch', String(BATCH)];
  const ours = (id: string, label: string, more: string[] = []): ContenderSpec => ({
    id,
    label,
    command: process.execPath,
    args: [program, ...args, ...more],
  });
  const peer = (id: string, label: string): ContenderSpec => ({
    id,
    label,
    command: getPythonCommand(),
    args: [resolvePeerFile('data_loading.py'), id, ...args],
    remedy: REMEDY,
  });
  return [
    ours('ours', 'unitsphere'),
    ours(CACHED, 'unitsphere, from decoded images', ['--cache', cache]),
    peer('torchvision', 'torchvision, tensors'),
    peer('pillow', 'torchvision, Pillow'),
    peer('albumentations', 'Albumentations'),
  ];
}

async function measureTraining(pace: Pace, log: (message: string) => void): Promise<DataReport['training']> {
  const workload = DEFAULT_WORKLOAD;
  const all = createStepContenders(workload);
  const find = (id: string) => all.filter((one) => one.id === id);
  const native = find('unitsphere-native');
  const specs = native.length > 0 ? native : find('unitsphere-wasm');
  const { timed, absent } = await timeContenders(specs, pace, (message) => log(`training: ${message}`));
  const [ours] = timed;
  if (!ours) throw new Error(Object.values(absent).join('; '));
  return {
    backbone: workload.backbone,
    imageSize: workload.imageSize,
    imagesPerSecond: (1000 * workload.batch) / ours.timing.processorMilliseconds.median,
  };
}

async function folderBytes(dir: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(dir)) bytes += (await stat(join(dir, name))).size;
  return bytes;
}
