import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Random, readSafetensors } from '@unitsphere/core';
import sharp from 'sharp';
import { describeMachine, type Machine } from '../measure/machine.js';
import { resolveRepositoryFile } from '../measure/repository-file.js';
import { median, pairedRatio, type Summary, summarize } from '../measure/statistics.js';
import { launch, launcherVersion, type MpiLibrary } from './launch.js';
import { gigabitsOf, type Link, predictStep, type StepCosts } from './predict-step.js';
import { ALL_REDUCE_PROGRAM, compileAllReduce, readTurns } from './run-mpi.js';
import { TwoHosts } from './two-hosts.js';

/** The report of `bench mpi-training`. Times are milliseconds of a step. */
export interface MpiTrainingReport {
  benchmark: 'mpi-training';
  date: string;
  machine: Machine;
  library: MpiLibrary;
  version: string;
  backbone: string;
  imageSize: number;
  batchSize: number;
  /** Steps of each training that are counted. */
  steps: number;
  /** One replica on each of 2 threads. */
  threads: Summary;
  /** One replica on each of 2 processes. */
  processes: Summary;
  /** Time on threads divided by that on processes of the same round. */
  ratio: Summary;
  /** The inputs of the predictions. */
  costs: StepCosts;
  /** Two network namespaces as two hosts, if they were measured. */
  twoHosts?: {
    /** The link as it was shaped. */
    link: string;
    /** The link as our small exchange and the all-reduce of the loop in C measure it. */
    measured: Link;
    step: Summary;
    /** Predicted from the step of 2 processes without a network in the same round. */
    predicted: Summary;
    /** Prediction divided by measurement. */
    ratio: Summary;
  };
  /** Predicted steps, with the images of each host as measured. */
  predictions: { link: Link; steps: { hosts: number; milliseconds: number }[] }[];
}

/** Options of {@link runMpiTraining}. */
export interface MpiTrainingOptions {
  library: MpiLibrary;
  rounds: number;
  steps: number;
  backbone: string;
  imageSize: number;
  batch: number;
  /** Also measure on two network namespaces. Requires root and Open MPI. */
  twoHosts: boolean;
}

const IDENTITIES = 200;
const EMBEDDING_SIZE = 256;
/** Sizes that measure the latency and the bandwidth of a link. */
const SMALL_BYTES = 2 ** 10;
const LARGE_BYTES = 2 ** 22;
const RANKS = 2;
const WARM_UP = 10;
const HOSTS = [1, 2, 4, 8, 16, 32, 64];
const LINKS: Link[] = [
  { gigabits: 1, latencyMs: 0.1 },
  { gigabits: 10, latencyMs: 0.05 },
  { gigabits: 100, latencyMs: 0.02 },
];

const run = promisify(execFile);

/**
 * Times the training step on 2 threads and on 2 processes of this machine in turns, and predicts it for many hosts.
 * @throws Error if the library is not installed, or a training fails.
 */
export async function runMpiTraining(
  options: MpiTrainingOptions,
  log: (message: string) => void = () => undefined,
): Promise<MpiTrainingReport> {
  const { library, rounds, steps, backbone, imageSize, batch, twoHosts } = options;
  const folder = await mkdtemp(join(tmpdir(), 'unitsphere-mpi-'));
  const hosts = twoHosts ? await TwoHosts.open(folder) : undefined;
  try {
    const config = join(folder, 'config.yaml');
    const images = join(folder, 'images');
    await writePictures(images, options.imageSize);
    await writeFile(config, createConfig(options, images));
    let runs = 0;
    /** Runs a training by `start` and returns its median step. */
    const time = async (start: (command: string[]) => Promise<unknown>, ...settings: string[]) => {
      const name = `run-${++runs}`;
      const train = [resolveRepositoryFile('apps/trainer/bin/unitsphere.js'), 'train', config];
      const sets = [`output.name=${name}`, ...settings].flatMap((setting) => ['--set', setting]);
      await start([process.execPath, ...train, '--output', folder, ...sets]);
      return medianStep(join(folder, name), batch);
    };
    const times = { threads: [] as number[], processes: [] as number[], hosts: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      log(`round ${round + 1} of ${rounds}`);
      const turns = [
        async () => {
          const start = ([file, ...args]: string[]) => run(file, args, { maxBuffer: 2 ** 26 });
          times.threads.push(await time(start, `training.replicas=${RANKS}`));
        },
        async () => {
          times.processes.push(await time((command) => launch(library, RANKS, command)));
        },
        async () => {
          if (hosts) times.hosts.push(await time((command) => hosts.run(command)));
        },
      ];
      for (const turn of round % 2 ? turns.reverse() : turns) await turn();
    }
    const costs: StepCosts = {
      computeMs: median(times.processes),
      gradientBytes: await countModelBytes(join(folder, 'run-1')),
      images: batch / RANKS,
      embeddingSize: EMBEDDING_SIZE,
    };
    return {
      benchmark: 'mpi-training',
      date: new Date().toISOString(),
      machine: describeMachine(),
      library,
      version: await launcherVersion(library),
      ...{ backbone, imageSize, batchSize: batch, steps },
      threads: summarize(times.threads),
      processes: summarize(times.processes),
      ratio: pairedRatio(times.threads, times.processes),
      costs,
      ...(hosts && { twoHosts: await compareTwoHosts(hosts, costs, times) }),
      predictions: LINKS.map((link) => ({
        link,
        steps: HOSTS.map((hosts) => ({ hosts, milliseconds: predictStep(costs, link, hosts) })),
      })),
    };
  } finally {
    hosts?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const createConfig = ({ backbone, imageSize, batch, steps }: MpiTrainingOptions, images: string) => `
data: { source: folder, path: ${images}, cacheDir: ${images}-cache, imageSize: ${imageSize}, augment: false, split: { train: 0.8, validation: 0.1, test: 0.1 }, workers: 1 }
model: { backbone: ${backbone}, embeddingSize: ${EMBEDDING_SIZE} }
training: { steps: ${steps + WARM_UP}, batchSize: ${batch}, logEvery: 1, validateEvery: null, checkpointEvery: null }
backend: wasm
output: { plots: [] }
`;

/** Writes images of random colors, one per identity. */
async function writePictures(folder: string, size: number): Promise<void> {
  await mkdir(folder);
  const random = new Random(0, 'pictures');
  const raw = { width: size, height: size, channels: 3 } as const;
  for (let i = 0; i < IDENTITIES; i++) {
    const pixels = Uint8Array.from({ length: 3 * size * size }, () => random.int(256));
    await sharp(pixels, { raw })
      .png()
      .toFile(join(folder, `${i}.png`));
  }
}

/** Returns the median milliseconds of a run's steps after the first few. */
async function medianStep(folder: string, batchSize: number): Promise<number> {
  const lines = (await readFile(join(folder, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  const rates = lines
    .map((line) => (JSON.parse(line) as { imagesPerSecond?: number }).imagesPerSecond)
    .filter((rate) => rate !== undefined);
  return median(rates.slice(WARM_UP).map((rate) => (1000 * batchSize) / rate));
}

/** Returns the bytes of a run's weights and running statistics, without its class centers. */
async function countModelBytes(run: string): Promise<number> {
  const checkpoints = join(run, 'checkpoints');
  const [name] = (await readdir(checkpoints)).sort().slice(-1) as [string];
  let bytes = 0;
  for (const file of ['backbone.safetensors', 'head.safetensors']) {
    const { tensors } = readSafetensors(await readFile(join(checkpoints, name, file)));
    for (const { data } of tensors.values()) bytes += data.byteLength;
  }
  return bytes;
}

async function compareTwoHosts(
  hosts: TwoHosts,
  costs: StepCosts,
  times: Record<'processes' | 'hosts', number[]>,
): Promise<NonNullable<MpiTrainingReport['twoHosts']>> {
  const loop = join(hosts.folder, 'all-reduce.so');
  await compileAllReduce('openmpi', loop);
  const sizes = [SMALL_BYTES, LARGE_BYTES].map(String);
  const turns = readTurns(await hosts.run([process.execPath, ALL_REDUCE_PROGRAM, loop, '5', ...sizes]));
  const medianOf = (who: 'ours' | 'theirs', bytes: number) =>
    median(turns.filter((turn) => turn.bytes === bytes).map((turn) => turn[who])) / 1000;
  const measured = {
    // On two hosts, an all-reduce sends each byte once in either direction.
    gigabits: gigabitsOf(LARGE_BYTES, medianOf('theirs', LARGE_BYTES)),
    latencyMs: medianOf('ours', SMALL_BYTES),
  };
  const predicted = times.processes.map((computeMs) => predictStep({ ...costs, computeMs }, measured, 2));
  return {
    link: hosts.link,
    measured,
    step: summarize(times.hosts),
    predicted: summarize(predicted),
    ratio: pairedRatio(predicted, times.hosts),
  };
}
