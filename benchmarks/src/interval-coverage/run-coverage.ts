import { Random } from '@unitsphere/core/random';
import { bootstrapVerification, type Interval, verifyEmbeddings, wilson } from '@unitsphere/verification';
import { pairedDifference } from '@unitsphere/verification/statistics';
import {
  drawKnown,
  KNOWN_AUROC,
  KNOWN_DIMENSIONS,
  knownTprAtAngle,
  knownTprAtFpr,
} from '../../../tools/golden/known-roc.js';

/** How often an interval held the true value. */
export interface Coverage {
  /** What the interval is of, and which it is. */
  interval: string;
  /** Of what size the drawn set was. */
  of: string;
  truth: number;
  draws: number;
  covered: number;
  /** Draws whose interval lay wholly below the truth, and above it. */
  below: number;
  above: number;
}

/** What `bench coverage` writes. */
export interface CoverageReport {
  benchmark: 'coverage';
  date: string;
  stated: number;
  resamples: number;
  rows: Coverage[];
}

/** What it is told. */
export interface CoverageOptions {
  draws: number;
  resamples: number;
  identities: number[];
}

const IMAGES_EACH = 4;
const FPR = 0.1;
const ANGLE = 0.5;

/** Draws sets whose ROC is known in closed form, and counts how often the intervals hold it. */
export async function runCoverage(
  { draws, resamples, identities }: CoverageOptions,
  say: (message: string) => void = () => undefined,
): Promise<CoverageReport> {
  const rows: Coverage[] = [];
  const add = (interval: string, of: string, truth: number): ((found: Interval) => void) => {
    const row: Coverage = { interval, of, truth, draws: 0, covered: 0, below: 0, above: 0 };
    rows.push(row);
    return ({ low, high }) => {
      row.draws++;
      if (high < truth) row.below++;
      else if (low > truth) row.above++;
      else row.covered++;
    };
  };
  for (const count of identities) {
    const of = `${count} identities × ${IMAGES_EACH} images`;
    const auroc = add('AUROC, bootstrap over identities', of, KNOWN_AUROC);
    const tpr = add(`TPR@${FPR}, bootstrap over identities`, of, knownTprAtFpr(FPR));
    const pairs = add(`TPR@${FPR}, Wilson over pairs, as if independent`, of, knownTprAtFpr(FPR));
    for (let draw = 0; draw < draws; draw++) {
      say(`${of}: draw ${draw + 1} of ${draws}`);
      const { embeddings, labels } = drawKnown(new Random(draw, 'coverage', count), count, IMAGES_EACH);
      const options = { fprs: [FPR], resamples, seed: draw };
      const found = bootstrapVerification(embeddings, KNOWN_DIMENSIONS, labels, options);
      auroc(found.auroc);
      tpr(found.tprAtFpr[0].interval);
      pairs(verifyEmbeddings(embeddings, KNOWN_DIMENSIONS, labels, options).tprAtFpr[0].tprInterval);
    }
  }
  // Two images a person: one positive pair each, which are independent, at a threshold that is given.
  for (const count of [50, 500]) {
    const rate = add(
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
      rate(wilson(accepted, count));
    }
  }
  for (const seeds of [3, 5, 10]) {
    const of = `${seeds} seeds`;
    const t = add("paired difference, Student's t", of, 0.02);
    const percentile = add('paired difference, bootstrap percentile', of, 0.02);
    const bca = add('paired difference, BCa', of, 0.02);
    for (let draw = 0; draw < draws; draw++) {
      const random = new Random(draw, 'seeds', seeds);
      const base = Array.from({ length: seeds }, () => random.normal(0.8, 0.03));
      const arm = base.map((value) => value + random.normal(0.02, 0.01));
      const { interval, bootstrap } = pairedDifference(base, arm, { seed: draw });
      t(interval!);
      percentile(bootstrap!.percentile);
      bca(bootstrap!.bca);
    }
  }
  return { benchmark: 'coverage', date: new Date().toISOString(), stated: 0.95, resamples, rows };
}
