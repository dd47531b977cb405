import { checkLabels, normalizeRows } from './normalize-rows.js';
import { forEachProbe, numberIdentities } from './probe-scores.js';
import { type Interval, wilson } from './wilson.js';

/** How often the right identity is among the best ones. */
export interface IdentificationRate {
  /** Among the best this many identities. */
  rank: number;
  /** `correct / probes`. */
  rate: number;
  correct: number;
  /** 95 % Wilson interval of `rate`, taking probes for independent. */
  interval: Interval;
}

/** Closed-set identification of probes among enrolled identities. */
export interface IdentificationResult {
  /** One entry for each of `ranks`, in their order. */
  rates: IdentificationRate[];
  probes: number;
  /** Distinct labels of the gallery. */
  identities: number;
  /** For each probe, the rank of its own identity: 1 when it is the best. */
  rankOfProbe: Int32Array;
}

/**
 * Closed-set identification: each probe is compared with every enrolled (gallery) row, an identity's score is its best
 * row's cosine, and a probe counts at rank r when its own identity is among the best r. The points of a cumulative match
 * characteristic. A tie counts against the probe, so a collapsed model that gives every image one embedding scores 0
 * and not 1.
 *
 * @param galleryEmbeddings Row-major G×D; several rows may share a label (several templates of an identity).
 * @param galleryLabels G identities.
 * @param probeEmbeddings Row-major P×D, each of an enrolled identity.
 * @param probeLabels P identities.
 * @param dimensions D.
 * @param ranks The ranks to report, each at least 1. Default 1 and 5.
 * @throws RangeError when sizes disagree, there is no probe, a probe's identity is not enrolled, a rank is not a positive
 *   integer, or a row has a NaN, an infinity or zero length (the row is named).
 */
export function identificationRate(
  galleryEmbeddings: Float32Array,
  galleryLabels: Int32Array,
  probeEmbeddings: Float32Array,
  probeLabels: Int32Array,
  dimensions: number,
  ranks: readonly number[] = [1, 5],
): IdentificationResult {
  for (const rank of ranks) {
    if (!Number.isInteger(rank) || rank < 1) {
      throw new RangeError(`ranks must be integers of at least 1, got ${rank}.`);
    }
  }
  const gallery = normalizeRows(galleryEmbeddings, dimensions, 'galleryEmbeddings');
  const probes = normalizeRows(probeEmbeddings, dimensions, 'probeEmbeddings');
  checkLabels(galleryLabels, gallery.count, 'galleryLabels');
  checkLabels(probeLabels, probes.count, 'probeLabels');
  if (probes.count === 0) throw new RangeError('There is no probe to identify.');

  const { identityOf, identityOfRow } = numberIdentities(galleryLabels);
  const probeIdentity = probeLabels.map((label, i) => {
    const identity = identityOf.get(label);
    if (identity === undefined) {
      throw new RangeError(
        `Probe ${i} has identity ${label}, which is not in the gallery. Enroll it, or leave the probe out.`,
      );
    }
    return identity;
  });

  const rankOfProbe = new Int32Array(probes.count);
  const identities = identityOf.size;
  forEachProbe(gallery, identityOfRow, identities, probes, (probe, best) => {
    const own = best[probeIdentity[probe]];
    // The identity itself is among those at least as good as it, which makes the rank start at 1.
    let rank = 0;
    for (let c = 0; c < identities; c++) if (best[c] >= own) rank++;
    rankOfProbe[probe] = rank;
  });
  return {
    rates: ranks.map((rank) => {
      const correct = rankOfProbe.reduce((sum, r) => sum + (r <= rank ? 1 : 0), 0);
      return { rank, rate: correct / probes.count, correct, interval: wilson(correct, probes.count) };
    }),
    probes: probes.count,
    identities,
    rankOfProbe,
  };
}
