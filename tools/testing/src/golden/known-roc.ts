/**
 * Embeddings whose ROC over all pairs has a closed form. Pairs that share a person are dependent, as with a real network.
 *
 * A person belongs to one of two groups (probabilities 0.7 and 0.3). Each group has its own plane in four dimensions, and
 * each person a random angle in it. The images of a person deviate by up to 0.3 or up to 0.7 to either side. Two people of
 * one group are at a uniformly distributed angle, people of different groups at a right angle. The angle between two images
 * of one person is the difference of two uniform angles, which has a triangular distribution.
 */
const GROUP = 0.7;
const SPREADS = [0.3, 0.7];
const SAME_GROUP = GROUP ** 2 + (1 - GROUP) ** 2;

export const KNOWN_DIMENSIONS = 4;

/** The probability that a positive pair outscores a negative one. The mean of a triangular angle is 2/3 of its spread. */
export const KNOWN_AUROC = 1 - (SAME_GROUP * mean(SPREADS.map((spread) => (2 * spread) / 3))) / Math.PI;

/** Returns the true positive rate if pairs at an angle of up to `angle` are accepted; `angle` is less than a right angle. */
export function knownTprAtAngle(angle: number): number {
  return mean(SPREADS.map((spread) => 1 - Math.max(0, 1 - angle / (2 * spread)) ** 2));
}

/** Returns the true positive rate at a false positive rate below a quarter. */
export function knownTprAtFpr(fpr: number): number {
  return knownTprAtAngle((fpr * Math.PI) / SAME_GROUP);
}

/** Draws embeddings of `identities` people with `imagesEach` images each. */
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
    const spread = SPREADS[random.int(SPREADS.length)];
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
