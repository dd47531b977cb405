/**
 * Scores of strangers: people who are not in the gallery, or identities of the gallery compared with all others. Entry p is
 * about image p.
 */
export interface StrangerScores {
  /** Number of the stranger in the image, from 0. */
  readonly stranger: Int32Array;
  /** Score of the most similar identity. */
  readonly best: Float32Array;
  /** Score of the identity after it; NaN if there is none. */
  readonly runnerUp: Float32Array;
  /** Stranger that is the most similar identity, or -1 if that one plays no stranger. Only for identities of the gallery. */
  readonly nearest?: Int32Array;
  /** Number of identities that each image was compared with. */
  readonly compared: number;
}

/** Rate at which strangers reach a threshold. */
export interface StrangerRate {
  /** Strangers that reach it, each counted by the share of its images that do. */
  readonly reached: number;
  /**
   * Mean number of strangers that reach it together, at least 1. Two identities that resemble each other both reach it
   * because of the same pair, which is one observation and not two.
   */
  readonly dependence: number;
}

/** Images by descending score, and what is known at each step down. */
export class StrangerRates {
  readonly strangers: number;
  readonly #scores: StrangerScores;
  /** Images by descending score. */
  readonly #order: Int32Array;
  readonly #weights: Float64Array;

  constructor(scores: StrangerScores) {
    this.#scores = scores;
    const counts: number[] = [];
    for (const stranger of scores.stranger) counts[stranger] = (counts[stranger] ?? 0) + 1;
    this.strangers = counts.length;
    this.#weights = Float64Array.from(scores.stranger, (stranger) => 1 / counts[stranger]);
    this.#order = Int32Array.from(scores.best, (_, p) => p).sort(
      (a, b) => scores.best[b] - scores.best[a] || a - b,
    );
  }

  /** Yields each score that occurs, from the highest, with the rate of strangers that reach it. */
  *descend(): Generator<StrangerRate & { score: number }> {
    const { best, stranger, nearest } = this.#scores;
    const groups = new Groups(this.strangers);
    for (let n = 0; n < this.#order.length; n++) {
      const image = this.#order[n];
      groups.add(stranger[image], this.#weights[image]);
      // Joined with an identity that has not reached the score yet: it has the same pair, and at least this score.
      if (nearest && nearest[image] >= 0) groups.join(stranger[image], nearest[image]);
      const score = best[image];
      if (n + 1 < this.#order.length && best[this.#order[n + 1]] === score) continue;
      yield { score, reached: groups.total, dependence: Math.max(1, groups.squares / groups.total) };
    }
  }

  /** Returns the gap between the best and the next identity that `share` of the strangers stay below; 0 if none has two. */
  gap(share: number): number {
    const { best, runnerUp } = this.#scores;
    const gaps = Array.from(best, (score, p) => ({ gap: score - runnerUp[p], weight: this.#weights[p] }))
      .filter(({ gap }) => !Number.isNaN(gap))
      .sort((a, b) => a.gap - b.gap);
    const total = gaps.reduce((sum, { weight }) => sum + weight, 0);
    let below = 0;
    for (const { gap, weight } of gaps) {
      below += weight;
      if (below >= share * total) return gap;
    }
    return 0;
  }
}

/** Strangers that are joined because they resemble each other, with the weights that have reached a score. */
class Groups {
  /** Weight of all groups. */
  total = 0;
  /** Sum of the groups' squared weights. */
  squares = 0;
  readonly #parents: Int32Array;
  readonly #weights: Float64Array;

  constructor(count: number) {
    this.#parents = Int32Array.from({ length: count }, (_, i) => i);
    this.#weights = new Float64Array(count);
  }

  add(member: number, weight: number): void {
    const root = this.#root(member);
    this.squares += weight * (2 * this.#weights[root] + weight);
    this.#weights[root] += weight;
    this.total += weight;
  }

  join(a: number, b: number): void {
    const [one, other] = [this.#root(a), this.#root(b)];
    if (one === other) return;
    this.#parents[other] = one;
    this.squares += 2 * this.#weights[one] * this.#weights[other];
    this.#weights[one] += this.#weights[other];
  }

  #root(member: number): number {
    let at = member;
    while (this.#parents[at] !== at) {
      this.#parents[at] = this.#parents[this.#parents[at]];
      at = this.#parents[at];
    }
    return at;
  }
}
