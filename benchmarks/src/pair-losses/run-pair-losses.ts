import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { listPairLosses, type PairLossName } from '@unitsphere/pair-losses/registry';
import type { Contender, ContenderSpec } from '../contender/contender.js';
import { getPythonCommand, resolvePeerFile } from '../contender/peers.js';
import { startAll } from '../contender/start-all.js';
import { interleave, type Pace } from '../measure/interleave.js';
import { describeMachine, type Machine } from '../measure/machine.js';
import { pairedRatio, type Summary, summarize } from '../measure/statistics.js';
import type { Timing } from '../measure/time-contenders.js';
import {
  CLASSES,
  DIMENSIONS,
  exceedsPeer,
  listRows,
  MEMORY,
  type PairLossRow,
  PER_CLASS,
} from './workload.js';

/** Figures of one row. */
export interface PairLossFigures extends PairLossRow {
  ours: Timing;
  /** Absent if the peer could not run. */
  peer?: Timing;
  /** Reason why the peer could not run. */
  without?: string;
  /** Wall-clock time of the peer over ours, turn by turn. */
  ratio?: Summary;
  /** Processor time of the peer over ours: medians. */
  processorRatio?: number;
}

/** The report of `bench pair-losses`. */
export interface PairLossesReport {
  benchmark: 'pair-losses';
  date: string;
  machine: Machine;
  /** Versions of the peer. */
  peer?: string;
  dimensions: number;
  classes: number;
  imagesPerClass: number;
  memorySize: number;
  rows: PairLossFigures[];
}

/** Options of {@link runPairLosses}. */
export interface PairLossesOptions {
  /** Default: all. */
  losses?: string[];
  batches?: number[];
  rounds: number;
  turnSeconds: number;
  /** Threads of PyTorch. Default: its own choice. */
  peerThreads?: number;
  /** Report whose other rows are kept. */
  update?: string;
}

/** Our built program. */
const OURS = fileURLToPath(new URL('./loss-on-demand.js', import.meta.url));

/**
 * Times the forward pass and the gradient of every loss beside pytorch-metric-learning, in turns, each in a process of its own.
 * @param save Receives the report after each row.
 * @throws Error for an unknown loss.
 */
export async function runPairLosses(
  { losses, batches, rounds, turnSeconds, peerThreads, update }: PairLossesOptions,
  log: (message: string) => void = () => undefined,
  save: (report: PairLossesReport) => Promise<void> = async () => undefined,
  program = OURS,
): Promise<PairLossesReport> {
  const wanted = listRows(checkLosses(losses), batches);
  const earlier = update ? await readReport(update) : undefined;
  const report: PairLossesReport = {
    benchmark: 'pair-losses',
    date: new Date().toISOString(),
    machine: describeMachine(),
    ...(earlier?.peer && { peer: earlier.peer }),
    dimensions: DIMENSIONS,
    classes: CLASSES,
    imagesPerClass: PER_CLASS,
    memorySize: MEMORY,
    rows: earlier?.rows ?? [],
  };
  const order = listPairLosses();
  const rankOf = ({ loss, memory, batch }: PairLossRow) => order.indexOf(loss) * 1e9 + memory * 1e4 + batch;
  const { running, absent, failure } = await startAll([ourSpec(program), peerSpec(peerThreads)]);
  try {
    if (failure) throw failure;
    const find = (id: string) => running.find(({ spec }) => spec.id === id)?.contender;
    const [ours, peer] = [find('ours'), find('peer')];
    if (!ours) throw new Error(absent['ours']);
    if (peer) {
      const { library, version, threads } = peer.description;
      report.peer = `pytorch-metric-learning ${library} with PyTorch ${version} and ${threads} threads`;
    }
    for (const row of wanted) {
      log(nameOf(row));
      const theirs = exceedsPeer(row) ? undefined : peer;
      const without = peer ? 'its tensors would take more than 8 GB' : absent['peer'];
      // Short steps need many until the engine has compiled them.
      const warmUpSteps = row.memory ? 4 : row.batch > 256 ? 20 : 60;
      const pace: Pace = { rounds, turnSeconds, warmUpSteps, slowRounds: Math.min(rounds, 2) };
      const figures = await measureRow(row, ours, theirs, pace);
      report.rows = [
        ...report.rows.filter((other) => nameOf(other) !== nameOf(row)),
        { ...figures, ...(!theirs && { without }) },
      ].sort((a, b) => rankOf(a) - rankOf(b));
      await save(report);
    }
    return report;
  } finally {
    await Promise.all(running.map(({ contender }) => contender.close()));
  }
}

async function measureRow(
  row: PairLossRow,
  ours: Contender,
  peer: Contender | undefined,
  pace: Pace,
): Promise<PairLossFigures> {
  const contenders = peer ? [ours, peer] : [ours];
  for (const contender of contenders) {
    await contender.select({
      ...row,
      dimensions: DIMENSIONS,
      classes: CLASSES,
      perClass: PER_CLASS,
    });
  }
  const measurements = await interleave(contenders, pace);
  const [first, second] = await Promise.all(
    contenders.map(async (contender, i): Promise<Timing> => {
      const { turns, processorTurns, ...measurement } = measurements[i];
      return {
        id: contender.spec.id,
        label: contender.spec.label,
        ...measurement,
        stepMilliseconds: { ...summarize(turns), turns },
        processorMilliseconds: summarize(processorTurns),
        footprint: contender.footprint,
        memory: await contender.memory(),
      };
    }),
  );
  if (!second) return { ...row, ours: first };
  return {
    ...row,
    ours: first,
    peer: second,
    ratio: pairedRatio(second.stepMilliseconds.turns, first.stepMilliseconds.turns),
    processorRatio: second.processorMilliseconds.median / first.processorMilliseconds.median,
  };
}

/** Returns a row's name. */
export function nameOf({ loss, batch, memory }: PairLossRow): string {
  return `${loss}, batch ${batch}${memory ? ', with the memory' : ''}`;
}

function checkLosses(names: readonly string[] = listPairLosses()): PairLossName[] {
  const known: readonly string[] = listPairLosses();
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`There is no loss ${unknown}; known: ${known.join(', ')}.`);
  return names as PairLossName[];
}

async function readReport(path: string): Promise<PairLossesReport | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as PairLossesReport;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function ourSpec(program: string): ContenderSpec {
  return { id: 'ours', label: 'unitsphere', command: process.execPath, args: [program] };
}

function peerSpec(threads: number | undefined): ContenderSpec {
  return {
    id: 'peer',
    label: 'pytorch-metric-learning',
    command: getPythonCommand(),
    args: [resolvePeerFile('pytorch_pair_losses.py'), ...(threads ? [`${threads}`] : [])],
    remedy: 'Run pip install torch pytorch-metric-learning, and set UNITSPHERE_PYTHON.',
  };
}
