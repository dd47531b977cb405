import { spawn } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '@unitsphere/core/random';
import { getPythonCommand, resolvePeerFile } from '../contender/peers.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { type Summary, summarize } from '../measure/statistics.js';

/** Results, times and memory of one process. */
export interface GalleryTurn {
  /** Time of each query. */
  milliseconds: number[];
  /** Processor time of all threads for each query. */
  processorMilliseconds: number[];
  /** Rows that each query found, best first. */
  found: number[][];
  /** Time to read the rows and build the index. */
  buildSeconds: number;
  /** Peak memory of the process in bytes. */
  peakRss: number;
  /** Peak memory of the process before it read the rows, in bytes. */
  footprint: number;
  /** Versions. */
  about: string;
}

/** Figures of a contender at one size of the gallery. */
export interface GalleryFigures {
  label: string;
  about: string;
  milliseconds: Summary;
  /** Processor time of all threads, which other processes affect less. */
  processorMilliseconds: Summary;
  buildSeconds: number;
  peakRss: number;
  footprint: number;
  /** Share of the k best rows, by definition in double precision, that were found. */
  recall: number;
}

/** Figures of all contenders at one size. */
export interface GallerySize {
  rows: number;
  contenders: GalleryFigures[];
  /** Peers that could not run, each with the reason. */
  absent: string[];
}

/** The report of `bench gallery`. */
export interface GalleryReport {
  benchmark: 'gallery';
  date: string;
  machine: Machine;
  dimensions: number;
  queries: number;
  k: number;
  sizes: GallerySize[];
}

/** Options of {@link runGallery}. */
export interface GalleryBenchOptions {
  rows: number[];
  dimensions: number;
  queries: number;
  k: number;
  /** Largest gallery that usearch's graph is built for, because that takes long. */
  graphRows: number;
}

/** Queries at the beginning that compile code and fill caches. */
const WARM_UP = 5;

/** Times the search of one query at a time, ours and that of numpy and usearch, each in a process of its own. */
export async function runGallery(
  { rows: sizes, dimensions, queries, k, graphRows }: GalleryBenchOptions,
  log: (message: string) => void = () => undefined,
  program = fileURLToPath(new URL('./search-file.js', import.meta.url)),
): Promise<GalleryReport> {
  const folder = await mkdtemp(join(tmpdir(), 'unitsphere-gallery-'));
  try {
    const measured: GallerySize[] = [];
    for (const rows of sizes) {
      log(`${rows} rows: draw`);
      const path = join(folder, `${rows}.f32`);
      const expected = await drawGallery(path, rows, dimensions, WARM_UP + queries, k);
      const args = [path, rows, dimensions, WARM_UP + queries, k].map(String);
      const size: GallerySize = { rows, contenders: [], absent: [] };
      for (const { label, command, extra } of contenders(program, rows <= graphRows)) {
        log(`${rows} rows: ${label}`);
        try {
          const [file, ...rest] = command;
          const turn = await runTurn(file, [...rest, ...args, ...extra]);
          size.contenders.push(computeFigures(label, turn, expected));
        } catch (error) {
          if (label.startsWith('unitsphere')) throw error;
          size.absent.push(
            `${label}: ${(error as Error).message} (run pip install numpy usearch, and set UNITSPHERE_PYTHON)`,
          );
        }
      }
      measured.push(size);
      await rm(path);
    }
    return {
      benchmark: 'gallery',
      date: new Date().toISOString(),
      machine: describeMachine(),
      dimensions,
      queries,
      k,
      sizes: measured,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function contenders(program: string, hasGraph: boolean) {
  const ours = (scan: string, threads: number) => ({
    label: `unitsphere, ${scan} scan, ${threads === 1 ? '1 thread' : `${threads} threads`}`,
    command: [process.execPath, program],
    extra: [scan, String(threads)],
  });
  const peer = (label: string, method: string) => ({
    label,
    command: [getPythonCommand(), resolvePeerFile('gallery.py')],
    extra: [method],
  });
  return [
    ours('int8', 1),
    ours('float32', 1),
    ours('int8', availableParallelism()),
    peer('numpy (BLAS), float32, 1 thread', 'numpy'),
    peer('usearch, exact, float32, 1 thread', 'usearch-exact'),
    peer('usearch, exact, int8, 1 thread', 'usearch-exact-i8'),
    ...(hasGraph ? [peer('usearch, HNSW, float32, 1 thread', 'usearch-hnsw')] : []),
  ];
}

function computeFigures(label: string, turn: GalleryTurn, expected: number[][]): GalleryFigures {
  const found = turn.found.reduce(
    (sum, rows, q) => sum + rows.filter((row) => expected[q].includes(row)).length,
    0,
  );
  return {
    label,
    about: turn.about,
    milliseconds: summarize(turn.milliseconds.slice(WARM_UP)),
    processorMilliseconds: summarize(turn.processorMilliseconds.slice(WARM_UP)),
    buildSeconds: turn.buildSeconds,
    peakRss: turn.peakRss,
    footprint: turn.footprint,
    recall: found / expected.flat().length,
  };
}

/**
 * Writes unit rows and then queries: every other one is a noisy copy of a row, and the rest resemble none. Returns the k best
 * rows of each query, by cosines in double precision.
 */
async function drawGallery(
  path: string,
  rows: number,
  dimensions: number,
  queries: number,
  k: number,
): Promise<number[][]> {
  const random = new Random(1, 'gallery');
  const draw = (near?: Float32Array): Float32Array => {
    const vector = new Float32Array(dimensions);
    for (let d = 0; d < dimensions; d++) vector[d] = random.normal();
    if (near) for (let d = 0; d < dimensions; d++) vector[d] += near[d] * 1.5 * Math.sqrt(dimensions);
    let squares = 0;
    for (let d = 0; d < dimensions; d++) squares += vector[d] ** 2;
    const scale = 1 / Math.sqrt(squares);
    for (let d = 0; d < dimensions; d++) vector[d] *= scale;
    return vector;
  };
  const rowsOfQueries = Array.from({ length: queries }, (_, q) => draw(q % 2 ? undefined : draw()));
  const best = rowsOfQueries.map(() => [] as { row: number; score: number }[]);
  const file = await open(path, 'w');
  try {
    const block = new Float32Array(1024 * dimensions);
    for (let from = 0; from < rows; from += 1024) {
      const count = Math.min(1024, rows - from);
      for (let n = 0; n < count; n++) {
        // Rows that a query is a copy of are spread over the gallery.
        const query = (from + n) % Math.max(1, Math.floor(rows / queries));
        const owner = query === 0 ? Math.floor((from + n) / Math.max(1, Math.floor(rows / queries))) : -1;
        const row = owner >= 0 && owner < queries && owner % 2 === 0 ? draw(rowsOfQueries[owner]) : draw();
        block.set(row, n * dimensions);
        rowsOfQueries.forEach((vector, q) => {
          let score = 0;
          for (let d = 0; d < dimensions; d++) score += vector[d] * row[d];
          const list = best[q];
          if (list.length === k && score <= list[k - 1].score) return;
          list.push({ row: from + n, score });
          list.sort((a, b) => b.score - a.score);
          list.length = Math.min(list.length, k);
        });
      }
      await file.write(new Uint8Array(block.buffer, 0, 4 * count * dimensions));
    }
    for (const query of rowsOfQueries) await file.write(new Uint8Array(query.buffer));
  } finally {
    await file.close();
  }
  return best.map((list) => list.map(({ row }) => row));
}

/** Runs a program that prints a turn as JSON, on one thread of BLAS. */
function runTurn(command: string, args: string[]): Promise<GalleryTurn> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, error] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      error = (error + text).slice(-2000);
    });
    child.once('error', (cause) => reject(new Error(`the process could not be started: ${cause.message}`)));
    child.once('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(out) as GalleryTurn);
      else {
        const last = error.trim().split('\n').at(-1) ?? '';
        reject(new Error(`the process ended with ${signal ?? `status ${code}`}: ${last}`));
      }
    });
  });
}
