import { rm } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { type EvaluationReport, type ProgressReporter, runEvaluation } from 'unitsphere';
import { describeMachine, type Machine } from '../measure/machine.js';
import { leaveOutCopies } from './leave-out-copies.js';

/** Figures of a network on one set of images. */
export interface CardFigures {
  images: 'all' | 'without copies' | 'hard set';
  identities?: number;
  /** Null at an FPR that the pairs cannot resolve. */
  tprAtFpr: Record<string, number | null>;
  /** 95 % intervals of TPR over identities, by FPR; absent with too many pairs. */
  intervals?: Record<string, { low: number; high: number }>;
  auroc: number;
  rank1: number;
}

/** The report of `bench card-model`. */
export interface CardModelReport {
  benchmark: 'card-model';
  date: string;
  machine: Machine;
  /** Name of the run, and the step of its checkpoint. */
  run: string;
  step: number;
  /** Groups of files of the cards that show the same picture. */
  copies: readonly { kind: 'identical' | 'near-identical'; files: string[] }[];
  figures: CardFigures[];
}

/** Options of {@link runCardModel}. */
export interface CardModelOptions {
  /** Folder of a run. */
  run: string;
  /** Folder of real cards, each file of which is one identity. */
  data: string;
  /** Folder that `bench hard-set` wrote. */
  hardSet?: string;
}

/** Evaluates a run on all cards of a folder, on the same without copies, and on a hard set, none of which it was trained on. */
export async function runCardModel(
  { run, data, hardSet }: CardModelOptions,
  progress: ProgressReporter,
): Promise<CardModelReport> {
  const { folder, groups } = await leaveOutCopies(data);
  const figures: CardFigures[] = [];
  let step = 0;
  const evaluate = async (images: CardFigures['images'], data: string, pairs: 'augmented' | 'real') => {
    const report = await runEvaluation({ checkpoint: run, data, identities: 'all', pairs, progress });
    step = report.step;
    figures.push(figuresOf(images, report));
  };
  try {
    await evaluate('all', data, 'augmented');
    if (groups.length > 0) await evaluate('without copies', folder, 'augmented');
  } finally {
    await rm(folder, { recursive: true });
  }
  if (hardSet !== undefined) await evaluate('hard set', hardSet, 'real');
  return {
    benchmark: 'card-model',
    date: new Date().toISOString(),
    machine: describeMachine(),
    run: basename(resolve(run)),
    step,
    copies: groups,
    figures,
  };
}

function figuresOf(images: CardFigures['images'], { heldOut, rank1 }: EvaluationReport): CardFigures {
  const { identities, tprAtFpr, intervals, intervalsOver, auroc } = heldOut;
  return {
    images,
    identities,
    tprAtFpr,
    ...(intervalsOver === 'identities' && { intervals }),
    auroc,
    rank1: rank1.heldOut,
  };
}
