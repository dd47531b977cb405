/**
 * Embeddings whose ROC over all pairs is known in closed form, with pairs that depend on one another through the people
 * they share, as those of a network do.
 *
 * A person belongs to one of two groups (with probability 0.7 and 0.3), each with a plane of its own in four dimensions,
 * stands at a random angle in it, and is either steady or not: their images are at angles up to 0.3 or up to 0.7 to either
 * side. Two people of one group are at a uniformly distributed angle, of two groups at a right angle; two images of one
 * person differ by the difference of two uniform angles, which has a triangular distribution.
 */
const GROUP = 0.7;
const SPREADS = [0.3, 0.7];
const SAME_GROUP = GROUP ** 2 + (1 - GROUP) ** 2;

export const KNOWN_DIMENSIONS = 4;

/** The chance that a positive pair's score exceeds a negative one's. The mean of a triangular angle is 2/3 of its spread. */
export const KNOWN_AUROC = 1 - (SAME_GROUP * mean(SPREADS.map((spread) => (2 * spread) / 3))) / Math.PI;

/** The true positive rate where pairs of people at an angle up to `angle` (below a right one) are accepted. */
export function knownTprAtAngle(angle: number): number {
  return mean(SPREADS.map((spread) => 1 - Math.max(0, 1 - angle / (2 * spread)) ** 2));
}

/** The true positive rate at a false positive rate; of rates below a quarter. */
export function knownTprAtFpr(fpr: number): number {
  return knownTprAtAngle((fpr * Math.PI) / SAME_GROUP);
}

/** Embeddings of so many people, drawn anew. */
export function drawKnown(
  random: { uniform(low?: number, high?: number): number; int(n: number): number },
  identities: number,
  imagesEach: number,
): { embeddings: Float32Array; labels: Int32Array } {
  const embeddings = new Float32Array(identities * imagesEach * KNOWN_DIMENSIONS);
  const labels = new Int32Array(identities * imagesEach);
  for (let identity = 0, row = 0; identity < identities; identity++) {
    const plane = random.uniform() < GROUP ? 0 : 2;
    const direction = random.uniform(0, 2 * Math.PI);
    const spread = SPREADS[random.int(SPREADS.length)]!;
    for (let image = 0; image < imagesEach; image++, row++) {
      const angle = direction + random.uniform(-spread, spread);
      labels[row] = identity;
      embeddings[row * KNOWN_DIMENSIONS + plane] = Math.cos(angle);
      embeddings[row * KNOWN_DIMENSIONS + plane + 1] = Math.sin(angle);
    }
  }
  return { embeddings, labels };
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
