import { rm } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { type EvaluationReport, type ProgressReporter, runEvaluation } from 'unitsphere';
import { describeMachine, type Machine } from '../measure/machine.js';
import { isFeatures, writeFeatures } from './image-features.js';
import { leaveOutCopies } from './leave-out-copies.js';

/** Figures of a network on one set of images. */
export interface CardFigures {
  /** The run, the model, or the backbone and its published weights. */
  network: string;
  /** Step of a run's checkpoint. */
  step?: number;
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
  /** Groups of files of the cards that show the same picture. */
  copies: readonly { kind: 'identical' | 'near-identical'; files: string[] }[];
  figures: CardFigures[];
}

/** Options of {@link runCardModel}. */
export interface CardModelOptions {
  /**
   * Folders of runs or models, names of shipped models, or `BACKBONE@SIDE=WEIGHTS`: the pooled last map of a backbone with published
   * weights, on images of this side.
   */
  networks: readonly string[];
  /** Folder of real cards, each file of which is one identity. */
  data: string;
  /** Folder that `bench hard-set` wrote. */
  hardSet?: string;
}

/** Evaluates networks on all cards of a folder, on the same without copies, and on a hard set, none of which they were trained on. */
export async function runCardModel(
  { networks, data, hardSet }: CardModelOptions,
  progress: ProgressReporter,
): Promise<CardModelReport> {
  const { folder, groups } = await leaveOutCopies(data);
  const figures: CardFigures[] = [];
  try {
    for (const network of networks) {
      const features = isFeatures(network) ? await writeFeatures(network) : undefined;
      const evaluate = async (images: CardFigures['images'], data: string, pairs: 'augmented' | 'real') => {
        progress.note(`${network}, ${images}`);
        const checkpoint = features ?? network;
        const report = await runEvaluation({ checkpoint, data, identities: 'all', pairs, progress });
        figures.push(
          figuresOf(features ? network.replace(/=.*/s, '') : basename(resolve(network)), images, report),
        );
      };
      try {
        await evaluate('all', data, 'augmented');
        if (groups.length > 0) await evaluate('without copies', folder, 'augmented');
        if (hardSet !== undefined) await evaluate('hard set', hardSet, 'real');
      } finally {
        if (features) await rm(features, { recursive: true });
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  return {
    benchmark: 'card-model',
    date: new Date().toISOString(),
    machine: describeMachine(),
    copies: groups,
    figures,
  };
}

function figuresOf(
  network: string,
  images: CardFigures['images'],
  { step, heldOut, rank1 }: EvaluationReport,
): CardFigures {
  if (!heldOut || !rank1) throw new Error(`No cards were compared with ${network}.`);
  const { identities, tprAtFpr, intervals, intervalsOver, auroc } = heldOut;
  return {
    network,
    ...(step !== undefined && { step }),
    images,
    identities,
    tprAtFpr,
    ...(intervalsOver === 'identities' && { intervals }),
    auroc,
    rank1: rank1.heldOut,
  };
}
