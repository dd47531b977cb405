import { spawn } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '@unitsphere/core/random';
import { peerFile, pythonCommand } from '../contender/peers.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { OtherWork } from '../measure/other-work.js';
import { pairedRatio, type Summary, summarize } from '../measure/statistics.js';

/** What one process found, and what it took. */
export interface VerificationTurn {
  /** From embeddings in memory to the result. */
  seconds: number;
  processorSeconds: number;
  /** Processor seconds of those that were spent before a checkpoint that it went on from. */
  earlier?: number;
  /** The process's, in bytes, and before the embeddings were read. */
  peakRss: number;
  footprint: number;
  auroc: number;
  /** At the FPRs. */
  tpr: number[];
  about: string;
}

/** A contender over its turns. */
export interface VerificationFigures {
  label: string;
  about: string;
  seconds: Summary;
  processorSeconds: Summary;
  peakRss: number;
  footprint: number;
  /** Multiplications and additions of the inner products, 10^9 a second. */
  gflops: number;
  auroc: number;
  tpr: number[];
}

/** Both at one number of rows. */
export interface VerificationSize {
  rows: number;
  pairs: number;
  ours: VerificationFigures;
  /** Absent where it could not run, which `without` says. */
  peer?: VerificationFigures;
  without?: string;
  /** Seconds of the peer over ours, turn by turn. */
  ratioToPyTorch?: Summary;
  memoryRatioToPyTorch?: number;
  /** The largest differences between what both found. */
  difference?: { auroc: number; tpr: number };
  /** Cores that other work kept busy meanwhile. */
  coresOfOthers: number;
}

/** What `bench verification` writes. */
export interface VerificationReport {
  benchmark: 'verification';
  date: string;
  machine: Machine;
  dimensions: number;
  imagesEach: number;
  threads: number;
  fprs: readonly number[];
  sizes: VerificationSize[];
}

/** What it is told. */
export interface VerificationBenchOptions {
  rows: number[];
  dimensions: number;
  rounds: number;
  threads?: number;
  /** Where what is counted is kept, of one number of rows that is counted once; gone on from where there is one. */
  checkpoint?: string;
}

const FPRS = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5];
const IMAGES_EACH = 10;
/** Rows of which PyTorch and scikit-learn hold and sort every score in the memory of an ordinary machine. */
const MOST_FOR_PEER = 25_000;

/** The built program of ours that takes a turn. */
const OURS = fileURLToPath(new URL('./verify-file.js', import.meta.url));

/** All pairs of so many rows, ours beside PyTorch's product and scikit-learn's curve, a process each and in turns. */
export async function runVerification(
  { rows: sizes, dimensions, rounds, threads = availableParallelism(), checkpoint }: VerificationBenchOptions,
  say: (message: string) => void = () => undefined,
  program = OURS,
): Promise<VerificationReport> {
  if (checkpoint !== undefined && !(sizes.length === 1 && sizes[0] > MOST_FOR_PEER)) {
    throw new Error(
      `--checkpoint is for one number of --rows, more than ${MOST_FOR_PEER.toLocaleString('en')}: fewer are counted within seconds.`,
    );
  }
  const folder = await mkdtemp(join(tmpdir(), 'verification-'));
  try {
    const results: VerificationSize[] = [];
    for (const rows of sizes) {
      const file = join(folder, 'embeddings.f32');
      say(`drawing ${rows} embeddings`);
      await drawEmbeddings(file, rows, dimensions);
      const args = [file, rows, dimensions, IMAGES_EACH, threads, FPRS.join(',')].map(String);
      if (checkpoint !== undefined) args.push(resolve(checkpoint));
      const turns = rows > MOST_FOR_PEER ? 1 : rounds;
      results.push(await measureSize([program, ...args], rows, dimensions, turns, say));
    }
    return {
      benchmark: 'verification',
      date: new Date().toISOString(),
      machine: describeMachine(),
      dimensions,
      imagesEach: IMAGES_EACH,
      threads,
      fprs: FPRS,
      sizes: results,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measureSize(
  [program, ...args]: [string, ...string[]],
  rows: number,
  dimensions: number,
  rounds: number,
  say: (message: string) => void,
): Promise<VerificationSize> {
  const ours: VerificationTurn[] = [];
  const peers: VerificationTurn[] = [];
  let without =
    rows > MOST_FOR_PEER
      ? `scores and sorting of ${rows.toLocaleString('en')} rows would take ${Math.round((rows * rows * 18) / 1e9).toLocaleString('en')} GB`
      : undefined;
  const others = new OtherWork();
  for (let round = 0; round < rounds; round++) {
    say(`${rows} rows, round ${round + 1} of ${rounds}: unitsphere`);
    ours.push(await turn(process.execPath, [program, ...args], say));
    if (without) continue;
    say(`${rows} rows, round ${round + 1} of ${rounds}: PyTorch and scikit-learn`);
    try {
      peers.push(await turn(pythonCommand(), [peerFile('pytorch_verification.py'), ...args], say));
    } catch (error) {
      without = `PyTorch: ${(error as Error).message} (pip install torch scikit-learn; UNITSPHERE_PYTHON)`;
    }
  }
  const measured = [...ours, ...peers].reduce(
    (sum, { processorSeconds, earlier = 0 }) => sum + processorSeconds - earlier,
    0,
  );
  const pairs = (rows * (rows - 1)) / 2;
  const figures = (label: string, turns: VerificationTurn[]): VerificationFigures => {
    const seconds = summarize(turns.map((t) => t.seconds));
    return {
      label,
      about: turns[0].about,
      seconds,
      processorSeconds: summarize(turns.map((t) => t.processorSeconds)),
      peakRss: Math.max(...turns.map((t) => t.peakRss)),
      footprint: Math.max(...turns.map((t) => t.footprint)),
      gflops: (pairs * 2 * dimensions) / seconds.median / 1e9,
      auroc: turns[0].auroc,
      tpr: turns[0].tpr,
    };
  };
  const result: VerificationSize = {
    rows,
    pairs,
    ours: figures('unitsphere', ours),
    without,
    coresOfOthers: others.cores(1000 * measured),
  };
  if (peers.length === 0) return result;
  const peer = figures('PyTorch + scikit-learn', peers);
  return {
    ...result,
    peer,
    ratioToPyTorch: pairedRatio(
      peers.map((t) => t.seconds),
      ours.map((t) => t.seconds),
    ),
    memoryRatioToPyTorch: result.ours.peakRss / peer.peakRss,
    difference: {
      auroc: Math.abs(result.ours.auroc - peer.auroc),
      tpr: Math.max(...peer.tpr.map((tpr, k) => Math.abs(tpr - result.ours.tpr[k]))),
    },
  };
}

/** Noise about a center an identity: the noise of a network that tells them apart, but not always. */
async function drawEmbeddings(path: string, rows: number, dimensions: number): Promise<void> {
  const random = new Random(1, 'verification');
  const center = new Float32Array(dimensions);
  const file = await open(path, 'w');
  try {
    const block = new Float32Array(1000 * dimensions);
    for (let from = 0; from < rows; from += 1000) {
      const count = Math.min(1000, rows - from);
      for (let row = 0; row < count; row++) {
        if ((from + row) % IMAGES_EACH === 0)
          for (let d = 0; d < dimensions; d++) center[d] = random.normal();
        // Some images are harder than others.
        const noise = random.uniform(0.8, 3.2);
        for (let d = 0; d < dimensions; d++)
          block[row * dimensions + d] = center[d] + noise * random.normal();
      }
      await file.write(new Uint8Array(block.buffer, 0, 4 * count * dimensions));
    }
  } finally {
    await file.close();
  }
}

/** Runs a program that prints a turn as its last line of JSON; what it says on the way goes to say. */
function turn(command: string, args: string[], say: (message: string) => void): Promise<VerificationTurn> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, error] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      error = (error + text).slice(-2000);
      const line = text.trim().split('\n').at(-1)!;
      if (line.startsWith('progress ')) say(line.slice('progress '.length));
    });
    child.once('error', (cause) => reject(new Error(`it could not be started: ${cause.message}`)));
    child.once('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(out) as VerificationTurn);
      else
        reject(new Error(`it ended with ${signal ?? `status ${code}`}: ${error.trim().split('\n').at(-1)}`));
    });
  });
}
