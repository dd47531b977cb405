import { Random } from '@unitsphere/core/random';
import {
  drawKnown,
  KNOWN_AUROC,
  KNOWN_DIMENSIONS,
  knownTprAtAngle,
  knownTprAtFpr,
} from '@unitsphere/testing/golden/known-roc';
import {
  bootstrapVerification,
  type Interval,
  verifyEmbeddings,
  wilsonInterval,
} from '@unitsphere/verification';
import { pairedDifference } from '@unitsphere/verification/statistics';

/** Coverage of one kind of interval. */
export interface Coverage {
  /** Quantity and kind of the interval. */
  interval: string;
  /** Size of a drawn sample. */
  of: string;
  /** True value of the quantity. */
  truth: number;
  draws: number;
  /** Draws whose interval contained the true value. */
  covered: number;
  /** Draws whose interval was entirely below the true value. */
  below: number;
  /** Draws whose interval was entirely above the true value. */
  above: number;
}

/** The report of `bench coverage`. */
export interface CoverageReport {
  benchmark: 'coverage';
  date: string;
  /** Nominal level of the intervals. */
  stated: number;
  /** Resamples of the bootstrap. */
  resamples: number;
  rows: Coverage[];
}

/** Options of {@link runCoverage}. */
export interface CoverageOptions {
  draws: number;
  resamples: number;
  /** Sizes of the samples. */
  identities: number[];
}

const IMAGES_EACH = 4;
const FPR = 0.1;
const ANGLE = 0.5;

/** Draws samples whose ROC is known in closed form, and counts how often the intervals contain the true values. */
export async function runCoverage(
  { draws, resamples, identities }: CoverageOptions,
  log: (message: string) => void = () => undefined,
): Promise<CoverageReport> {
  const rows: Coverage[] = [];
  const addRow = (interval: string, of: string, truth: number): ((found?: Interval) => void) => {
    const row: Coverage = { interval, of, truth, draws: 0, covered: 0, below: 0, above: 0 };
    rows.push(row);
    return (found) => {
      if (!found) throw new Error(`${interval}: there is no interval for ${of}.`);
      const { low, high } = found;
      row.draws++;
      if (high < truth) row.below++;
      else if (low > truth) row.above++;
      else row.covered++;
    };
  };
  for (const count of identities) {
    const of = `${count} identities × ${IMAGES_EACH} images`;
    const auroc = addRow('AUROC, bootstrap over identities', of, KNOWN_AUROC);
    const tpr = addRow(`TPR@${FPR}, bootstrap over identities`, of, knownTprAtFpr(FPR));
    const pairs = addRow(`TPR@${FPR}, Wilson over pairs, as if independent`, of, knownTprAtFpr(FPR));
    for (let draw = 0; draw < draws; draw++) {
      log(`${of}: draw ${draw + 1} of ${draws}`);
      const { embeddings, labels } = drawKnown(new Random(draw, 'coverage', count), count, IMAGES_EACH);
      const options = { fprs: [FPR], resamples, seed: draw };
      const found = bootstrapVerification(embeddings, KNOWN_DIMENSIONS, labels, options);
      auroc(found.auroc);
      tpr(found.tprAtFpr[0].interval);
      pairs(verifyEmbeddings(embeddings, KNOWN_DIMENSIONS, labels, options).tprAtFpr[0].tprInterval);
    }
  }
  // Two images per identity give one positive pair each. These pairs are independent at a fixed threshold.
  for (const count of [50, 500]) {
    const rate = addRow(
      'TPR at a given threshold, Wilson',
      `${count} independent pairs`,
      knownTprAtAngle(ANGLE),
    );
    for (let draw = 0; draw < draws; draw++) {
      const { embeddings } = drawKnown(new Random(draw, 'pairs', count), count, 2);
      let accepted = 0;
      for (let pair = 0; pair < count; pair++) {
        let cosine = 0;
        for (let d = 0; d < KNOWN_DIMENSIONS; d++) {
          const at = 2 * pair * KNOWN_DIMENSIONS + d;
          cosine += embeddings[at] * embeddings[at + KNOWN_DIMENSIONS];
        }
        if (cosine >= Math.cos(ANGLE)) accepted++;
      }
      rate(wilsonInterval(accepted, count));
    }
  }
  for (const seeds of [3, 5, 10]) {
    const of = `${seeds} seeds`;
    const t = addRow("paired difference, Student's t", of, 0.02);
    const percentile = addRow('paired difference, bootstrap percentile', of, 0.02);
    const bca = addRow('paired difference, BCa', of, 0.02);
    for (let draw = 0; draw < draws; draw++) {
      const random = new Random(draw, 'seeds', seeds);
      const base = Array.from({ length: seeds }, () => random.normal(0.8, 0.03));
      const arm = base.map((value) => value + random.normal(0.02, 0.01));
      const { interval, bootstrap } = pairedDifference(base, arm, { seed: draw });
      t(interval);
      percentile(bootstrap?.percentile);
      bca(bootstrap?.bca);
    }
  }
  return { benchmark: 'coverage', date: new Date().toISOString(), stated: 0.95, resamples, rows };
}
