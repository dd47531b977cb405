/** Chance at which a gap is taken for one that duplicates leave, although the tail of the scores goes on. */
const CHANCE = 0.01;
/** Least ratio of the distances below and above the gap. */
const LEAST_RATIO = 5;
/** The tail is taken from this share of the pairs, or from `LEAST_TAIL` of them if that is more. */
const TAIL = 0.1;
const LEAST_TAIL = 10;
/** Most pairs that can be duplicates, as a share of all. One always can. */
const MOST_DUPLICATES = 0.1;
/** Scores are rounded to float32, so that closer distances are all equal. */
const LEAST_DISTANCE = 2 ** -24;

/**
 * Returns how many of the most similar pairs of identities are likely duplicates: one identity that was enrolled under two names.
 *
 * The distances 1 − s of the nearest different identities fall as a power, as in {@link chooseThreshold}, so their negative
 * logarithms have an exponential tail. There the normalized spacings j · (y_j − y_(j+1)) are independent and have one mean
 * (Rényi 1953). A spacing divided by the mean of the w spacings below it has the distribution F(2, 2w). The pairs above a gap are
 * duplicates if this distribution reaches its value with a probability below 1 %, and if the distance is 5 times larger below the gap
 * than above it. The lowest such gap among the highest tenth of the pairs counts. The ratio of distances keeps designs that resemble each
 * other, and it makes a gap by chance ever less likely the more pairs lie above it.
 *
 * @param scores Of the pairs of nearest identities, each pair once, in descending order.
 */
export function countDuplicates(scores: readonly number[]): number {
  const heights = scores.map((score) => -Math.log(Math.max(1 - score, LEAST_DISTANCE)));
  const spacings = heights.slice(1).map((height, n) => (n + 1) * (heights[n] - height));
  const tail = Math.max(LEAST_TAIL, Math.ceil(TAIL * scores.length));
  const most = Math.max(1, Math.floor(MOST_DUPLICATES * scores.length));
  let duplicates = 0;
  for (let above = 1; above <= most; above++) {
    const below = spacings.slice(above, above + tail);
    const mean = below.reduce((sum, spacing) => sum + spacing, 0) / below.length;
    // The survival function of F(2, 2w) at x is (1 + x / w)^−w.
    const chance = (1 + spacings[above - 1] / mean / below.length) ** -below.length;
    const ratio = Math.exp(heights[above - 1] - heights[above]);
    if (chance < CHANCE && ratio >= LEAST_RATIO) duplicates = above;
  }
  return duplicates;
}
