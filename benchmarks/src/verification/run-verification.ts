import { spawn } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '@unitsphere/core/random';
import { getPythonCommand, resolvePeerFile } from '../contender/peers.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { OtherWork } from '../measure/other-work.js';
import { pairedRatio, type Summary, summarize } from '../measure/statistics.js';

/** Result, time and memory of one process. */
export interface VerificationTurn {
  /** Time from embeddings in memory to the result. */
  seconds: number;
  processorSeconds: number;
  /** Part of `processorSeconds` that was spent before the checkpoint that the process resumed from. */
  earlier?: number;
  /** Peak memory of the process in bytes. */
  peakRss: number;
  /** Peak memory of the process before it read the embeddings, in bytes. */
  footprint: number;
  auroc: number;
  /** TPR at each of the FPRs. */
  tpr: number[];
  /** Versions and threads. */
  about: string;
}

/** Figures of a contender over its turns. */
export interface VerificationFigures {
  label: string;
  about: string;
  seconds: Summary;
  processorSeconds: Summary;
  peakRss: number;
  footprint: number;
  /** Floating-point operations of the inner products, in 10⁹ per second. */
  gflops: number;
  auroc: number;
  tpr: number[];
}

/** Figures of both contenders for one number of rows. */
export interface VerificationSize {
  rows: number;
  pairs: number;
  ours: VerificationFigures;
  /** Figures of the peer. Absent if it could not run. */
  peer?: VerificationFigures;
  /** Reason why the peer could not run. */
  without?: string;
  /** Seconds of the peer over ours, turn by turn. */
  ratioToPyTorch?: Summary;
  /** Our peak memory over that of the peer. */
  memoryRatioToPyTorch?: number;
  /** Largest absolute differences between the results of both. */
  difference?: { auroc: number; tpr: number };
  /** Cores that other processes kept busy. */
  coresOfOthers: number;
}

/** The report of `bench verification`. */
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

/** Options of {@link runVerification}. */
export interface VerificationBenchOptions {
  /** Numbers of embeddings. */
  rows: number[];
  dimensions: number;
  rounds: number;
  /** Default: one per core. */
  threads?: number;
  /** Path of a checkpoint. The count is saved there regularly and resumed from there. Requires a single number of rows. */
  checkpoint?: string;
}

const FPRS = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5];
const IMAGES_EACH = 10;
/** Maximum number of rows for the peer, which keeps and sorts all scores in memory. */
const MAX_PEER_ROWS = 25_000;

/** Our built program, which runs one turn. */
const OURS = fileURLToPath(new URL('./verify-file.js', import.meta.url));

/**
 * Verifies all pairs with our implementation and with PyTorch's matrix product and scikit-learn's ROC curve, in turns and each
 * in a separate process.
 * @throws Error if there is a checkpoint for several or too few rows.
 */
export async function runVerification(
  { rows: sizes, dimensions, rounds, threads = availableParallelism(), checkpoint }: VerificationBenchOptions,
  log: (message: string) => void = () => undefined,
  program = OURS,
): Promise<VerificationReport> {
  if (checkpoint !== undefined && !(sizes.length === 1 && sizes[0] > MAX_PEER_ROWS)) {
    throw new Error(
      `--checkpoint requires a single number of --rows above ${MAX_PEER_ROWS.toLocaleString('en')}. Fewer rows take only seconds.`,
    );
  }
  const folder = await mkdtemp(join(tmpdir(), 'verification-'));
  try {
    const results: VerificationSize[] = [];
    for (const rows of sizes) {
      const file = join(folder, 'embeddings.f32');
      log(`drawing ${rows} embeddings`);
      await drawEmbeddings(file, rows, dimensions);
      const args = [file, rows, dimensions, IMAGES_EACH, threads, FPRS.join(',')].map(String);
      if (checkpoint !== undefined) args.push(resolve(checkpoint));
      const turns = rows > MAX_PEER_ROWS ? 1 : rounds;
      results.push(await measureSize([program, ...args], rows, dimensions, turns, log));
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
  log: (message: string) => void,
): Promise<VerificationSize> {
  const ours: VerificationTurn[] = [];
  const peers: VerificationTurn[] = [];
  let without =
    rows > MAX_PEER_ROWS
      ? `keeping and sorting the scores of ${rows.toLocaleString('en')} rows would take ${Math.round((rows * rows * 18) / 1e9).toLocaleString('en')} GB`
      : undefined;
  const others = new OtherWork();
  for (let round = 0; round < rounds; round++) {
    log(`${rows} rows, round ${round + 1} of ${rounds}: unitsphere`);
    ours.push(await runTurn(process.execPath, [program, ...args], log));
    if (without) continue;
    log(`${rows} rows, round ${round + 1} of ${rounds}: PyTorch and scikit-learn`);
    try {
      peers.push(
        await runTurn(getPythonCommand(), [resolvePeerFile('pytorch_verification.py'), ...args], log),
      );
    } catch (error) {
      without = `PyTorch failed: ${(error as Error).message} (run pip install torch scikit-learn, and set UNITSPHERE_PYTHON)`;
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

/** Writes embeddings with noise around the center of each identity, so that most but not all identities are distinguishable. */
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
        // Images differ in difficulty.
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

function getLastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

/** Runs a program that prints a turn as JSON. Passes its progress messages to `log`. */
function runTurn(command: string, args: string[], log: (message: string) => void): Promise<VerificationTurn> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, error] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      error = (error + text).slice(-2000);
      const line = getLastLine(text);
      if (line.startsWith('progress ')) log(line.slice('progress '.length));
    });
    child.once('error', (cause) => reject(new Error(`the process could not be started: ${cause.message}`)));
    child.once('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(out) as VerificationTurn);
      else reject(new Error(`the process ended with ${signal ?? `status ${code}`}: ${getLastLine(error)}`));
    });
  });
}
