import { checkLabels, normalizeRows } from './normalize-rows.js';
import { forEachProbe, numberIdentities } from './probe-scores.js';
import { type Interval, wilsonInterval } from './wilson.js';

/** The identification rate at one rank. */
export interface IdentificationRate {
  /** A probe is correct if its identity is among this many best identities. */
  rank: number;
  /** `correct / probes`. */
  rate: number;
  correct: number;
  /** 95 % Wilson interval of `rate`, assuming that probes are independent. */
  interval: Interval;
}

/** Closed-set identification of probes among enrolled identities. */
export interface IdentificationResult {
  /** One entry per rank, in the order of `ranks`. */
  rates: IdentificationRate[];
  probes: number;
  /** Distinct labels of the gallery. */
  identities: number;
  /** The rank of each probe's own identity, starting at 1. */
  rankOfProbe: Int32Array;
}

/**
 * Computes closed-set identification rates, the points of a cumulative match characteristic. Each probe is compared with
 * every enrolled (gallery) row. The score of an identity is the cosine of its best row. A probe is correct at rank r if its
 * own identity is among the best r. A tie counts against the probe, so a collapsed model that maps every image to one
 * embedding scores 0 and not 1.
 *
 * @param galleryEmbeddings Row-major G×D; several rows may share a label (several templates of an identity).
 * @param galleryLabels The identity of each gallery row, length G.
 * @param probeEmbeddings Row-major P×D.
 * @param probeLabels The identity of each probe, length P; each must be enrolled.
 * @param dimensions D.
 * @param ranks The ranks to report, each at least 1. Default 1 and 5.
 * @throws RangeError if sizes disagree, there is no probe, a probe's identity is not enrolled, a rank is not a positive
 *   integer, or a row has a NaN, an infinity or zero length. The message names the row.
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
  if (probes.count === 0) throw new RangeError('There is no probe to identify. Pass at least one.');

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
    // The count includes the identity itself, so ranks start at 1.
    let rank = 0;
    for (let c = 0; c < identities; c++) if (best[c] >= own) rank++;
    rankOfProbe[probe] = rank;
  });
  return {
    rates: ranks.map((rank) => {
      const correct = rankOfProbe.reduce((sum, r) => sum + (r <= rank ? 1 : 0), 0);
      return { rank, rate: correct / probes.count, correct, interval: wilsonInterval(correct, probes.count) };
    }),
    probes: probes.count,
    identities,
    rankOfProbe,
  };
}
