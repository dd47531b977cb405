import { formatKills } from './format-kills.mjs';
import { fullDisks } from './full-disks.mjs';
import { fuzz } from './fuzz.mjs';
import { hostileConfigs, hostileImages } from './hostile-inputs.mjs';
import { tests } from './tests.mjs';

/** @typedef {{ tried: number, survived: number, problems?: string[] }} Outcome */

/**
 * The campaign's sections. `unit` says what is counted. Most run a package's own tests, with more kills than `npm test`.
 * @type {{ name: string, unit: string, run: () => Promise<Outcome> }[]}
 */
export const SECTIONS = [
  {
    name: 'a contended lock whose holders are killed',
    unit: 'SIGKILLs',
    run: () => tests('packages/core/test/lock.test.ts', { kills: 40 }),
  },
  {
    name: 'class centers in a file, in the middle of steps and checkpoints',
    unit: 'SIGKILLs',
    run: () => tests('packages/partial-fc/test/kill.test.ts', { kills: 20 }),
  },
  {
    name: "the cache of a teacher's features",
    unit: 'SIGKILLs',
    run: () =>
      tests('packages/clip-distiller/test/feature-store.test.ts', {
        kills: 20,
        only: 'survives being killed',
      }),
  },
  {
    name: 'a gallery file',
    unit: 'SIGKILLs',
    run: () => tests('packages/recognition/test/store/file-kill.test.ts', { kills: 15 }),
  },
  {
    name: 'a training on two replicas, centers in memory; resumed, equal to one without kills',
    unit: 'SIGKILLs',
    run: () => tests('apps/trainer/test/kill-training.test.ts', { kills: 4, only: 'centers in memory' }),
  },
  {
    name: 'a training on two replicas, centers in files; resumed, equal to one without kills',
    unit: 'SIGKILLs',
    run: () => tests('apps/trainer/test/kill-training.test.ts', { kills: 4, only: 'centers in a file' }),
  },
  {
    name: 'a training with a teacher on two replicas; resumed, equal to one without kills',
    unit: 'SIGKILLs',
    run: () => tests('apps/trainer/test/kill-training.test.ts', { kills: 4, only: 'a teacher' }),
  },
  {
    name: 'a report that is rewritten: each of its files is the old one or the new one',
    unit: 'SIGKILLs',
    run: () => tests('apps/trainer/test/report-kills.test.ts', { kills: 15 }),
  },
  {
    name: 'packing, indexing and training from JPEG files in a folder, RecordIO, tar, CSV, Parquet and imagefolder; resumed, equal to one without kills',
    unit: 'SIGKILLs',
    run: () => formatKills(20),
  },
  {
    name: 'a study: one of its trainings, and the study itself',
    unit: 'SIGKILLs',
    run: () => tests('apps/trainer/test/study-kills.test.ts', { count: 2 }),
  },
  {
    name: 'several processes that open a new feature cache at once',
    unit: 'openings',
    run: () => tests('packages/clip-distiller/test/concurrent-opening.test.ts', { count: 120 }),
  },
  { name: 'a training on a disk that fills up (tmpfs)', unit: 'disks', run: fullDisks },
  {
    name: 'a full disk at every write of a checkpoint, a center file and a cache (simulated)',
    unit: 'tests',
    run: () =>
      tests(
        'apps/trainer/test/full-disk.test.ts packages/partial-fc/test/full-disk.test.ts packages/core/test/disk.test.ts',
      ),
  },
  {
    name: 'downloads from a server on loopback that stalls, lies, truncates, resets or changes',
    unit: 'tests',
    run: () => tests('packages/pretrained/test/download.test.ts'),
  },
  {
    name: 'mutated weight files: safetensors, PyTorch, ONNX',
    unit: 'files',
    run: () => fuzz('pretrained', ['safetensors', 'pth', 'onnx'], 4000),
  },
  {
    name: 'mutated archives, lists and verification sets: .rec, .tar, .csv, .parquet, .bin',
    unit: 'files',
    run: () => fuzz('data', ['rec', 'tar', 'csv', 'parquet', 'bin'], 20_000),
  },
  {
    name: 'mutated JPEG files, decoded by the addon; the pixels of every 16th are those of sharp',
    unit: 'files',
    run: () => fuzz('images', ['jpeg'], 100_000),
  },
  { name: 'mutated images in a folder', unit: 'files', run: hostileImages },
  { name: 'mutated configs', unit: 'configs', run: hostileConfigs },
  {
    name: 'a flipped bit in a file of a run',
    unit: 'flips',
    run: () => tests('apps/trainer/test/bit-flips.test.ts', { flips: 150, count: 9 * 150 }),
  },
  {
    name: 'a flipped bit in a file of class centers: rows in the center file, or still in its journal',
    unit: 'flips',
    // Two center files with ten more flips in their headers, a journal and its index.
    run: () => tests('packages/partial-fc/test/bit-flips.test.ts', { flips: 150, count: 4 * 150 + 2 * 10 }),
  },
  {
    name: 'errors of the machine and damaged files, through the command line',
    unit: 'tests',
    run: () => tests('apps/trainer/test/failures.test.ts'),
  },
];
