/** Reference results that store and sort every pair: slow but obvious. */

/** Computes the cosines of all unordered pairs in double precision, rounded to 32 bits. */
export function allPairs(embeddings: Float32Array, dimensions: number, labels: Int32Array) {
  const n = labels.length;
  const unit = new Float64Array(embeddings.length);
  for (let i = 0; i < n; i++) {
    let squares = 0;
    for (let d = 0; d < dimensions; d++) squares += embeddings[i * dimensions + d] ** 2;
    for (let d = 0; d < dimensions; d++) {
      unit[i * dimensions + d] = embeddings[i * dimensions + d] * (1 / Math.sqrt(squares));
    }
  }
  const pairs: { a: number; b: number; score: number; positive: boolean }[] = [];
  for (let a = 0; a < n; a++) {
    for (let b = a + 1; b < n; b++) {
      let dot = 0;
      for (let d = 0; d < dimensions; d++) dot += unit[a * dimensions + d] * unit[b * dimensions + d];
      const score = Math.fround(Math.max(-1, Math.min(1, dot)));
      pairs.push({ a, b, score, positive: labels[a] === labels[b] });
    }
  }
  return pairs;
}

/** Computes the AUROC by comparing every positive with every negative. */
export function bruteAuroc(scores: number[], positive: boolean[]): number {
  let wins = 0;
  let total = 0;
  for (let i = 0; i < scores.length; i++) {
    if (!positive[i]) continue;
    for (let j = 0; j < scores.length; j++) {
      if (positive[j]) continue;
      wins += scores[i] > scores[j] ? 1 : scores[i] === scores[j] ? 0.5 : 0;
      total++;
    }
  }
  return wins / total;
}

/** Counts the pairs of each kind with a score of at least `threshold`. */
export function acceptAt(scores: number[], positive: boolean[], threshold: number) {
  let truePositives = 0;
  let falseAccepts = 0;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] >= threshold) positive[i] ? truePositives++ : falseAccepts++;
  }
  return { truePositives, falseAccepts };
}

/** Finds the strictest threshold with the largest TPR whose FPR is within the target, by sorting every score. */
export function bruteTprAtFpr(scores: number[], positive: boolean[], fpr: number) {
  const positives = positive.filter(Boolean).length;
  const negatives = scores.length - positives;
  const descending = [...scores.keys()].sort((x, y) => scores[y] - scores[x]);
  let best: { threshold: number | null; truePositives: number; falseAccepts: number } = {
    threshold: null,
    truePositives: 0,
    falseAccepts: 0,
  };
  const counts = { truePositives: 0, falseAccepts: 0 };
  descending.forEach((pair, k) => {
    positive[pair] ? counts.truePositives++ : counts.falseAccepts++;
    // A threshold accepts every pair with its score, so only the last of equal scores counts.
    if (k + 1 < descending.length && scores[descending[k + 1]] === scores[pair]) return;
    if (counts.falseAccepts / negatives <= fpr && counts.truePositives > best.truePositives) {
      best = { threshold: scores[pair] + 0, ...counts };
    }
  });
  return { ...best, tpr: best.truePositives / positives };
}
