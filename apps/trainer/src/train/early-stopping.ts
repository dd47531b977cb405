import type { EarlyStoppingConfig } from '../config/config.js';
import { UserError } from '../user-error.js';

/** What early stopping has seen: part of a checkpoint. */
export interface StoppingState {
  /** Highest figure so far; null before the first verification. */
  best: number | null;
  /** Step of the highest figure. */
  bestStep: number | null;
  /** Verifications in a row since then without a rise. */
  waited: number;
}

/** The figures of one verification. */
interface Figures {
  tprAtFpr: Record<string, number | null>;
  auroc: number;
  rank1: number;
}

/** Ends a training once a figure of the validation identities no longer rises, as Lightning's and Keras's `EarlyStopping`. */
export class EarlyStopping {
  readonly #config: EarlyStoppingConfig;
  #state: StoppingState;

  constructor(config: EarlyStoppingConfig, state: StoppingState = { best: null, bestStep: null, waited: 0 }) {
    this.#config = config;
    this.#state = state;
  }

  get state(): StoppingState {
    return this.#state;
  }

  /** Whether the figure has not risen for `patience` verifications. */
  get isDone(): boolean {
    return this.#state.waited >= this.#config.patience;
  }

  /**
   * Takes in a verification.
   * @returns Whether it is the best so far.
   * @throws UserError if there are too few pairs for the figure.
   */
  observe(step: number, figures: Figures): boolean {
    const { minDelta } = this.#config;
    const { best, waited } = this.#state;
    const figure = this.#read(figures);
    const isBest = best === null || figure - best > minDelta;
    this.#state = isBest
      ? { best: figure, bestStep: step, waited: 0 }
      : { ...this.#state, waited: waited + 1 };
    return isBest;
  }

  /** Describes why the training ended, in one sentence. */
  describe(step: number): string {
    const { metric, patience } = this.#config;
    const { best, bestStep } = this.#state;
    const figure = `${metric} on the validation identities is highest at step ${bestStep}: ${(best ?? 0).toFixed(4)}`;
    return this.isDone
      ? `stopped at step ${step}: ${figure}, and did not rise in ${patience} ${patience === 1 ? 'verification' : 'verifications'} since`
      : figure;
  }

  #read({ tprAtFpr, auroc, rank1 }: Figures): number {
    const { metric } = this.#config;
    if (metric === 'auroc') return auroc;
    if (metric === 'rank1') return rank1;
    const figure = tprAtFpr[metric.replace('tpr@', '')];
    if (typeof figure === 'number') return figure;
    throw tooFewPairs(metric);
  }
}

/**
 * Checks before the first step whether a figure can be measured.
 * @param labels The identity of each validation image.
 * @throws UserError if there are too few pairs.
 */
export function checkMetric({ metric }: EarlyStoppingConfig, labels: readonly number[]): void {
  if (!metric.startsWith('tpr@')) return;
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const pairs = (n: number) => (n * (n - 1)) / 2;
  const negatives = [...counts.values()].reduce((sum, count) => sum - pairs(count), pairs(labels.length));
  if (negatives * Number(metric.replace('tpr@', '')) < 1) throw tooFewPairs(metric);
}

function tooFewPairs(metric: string): UserError {
  return new UserError(`the validation identities have too few pairs to measure ${metric}`, {
    hint: 'Raise data.split.validation, or use --set training.earlyStopping.metric=auroc (or rank1).',
  });
}
