/** How well clusters agree with labels. */
export interface ClusterAgreement {
  /** Normalized mutual information in [0, 1], by the arithmetic mean of both entropies. It rises with the number of clusters. */
  nmi: number;
  /** Adjusted mutual information: 0 is expected by chance, 1 is perfect. It may be slightly negative. */
  ami: number;
}

/**
 * Compares clusters with labels by normalized and adjusted mutual information. The numbers of clusters and labels have no
 * order and need not be consecutive.
 *
 * @param labels The label of each row.
 * @param clusters The cluster of each row.
 * @throws RangeError if the lengths differ, or there is no row.
 * @see Vinh, Epps & Bailey, "Information theoretic measures for clusterings comparison", JMLR 2010. The values equal those
 *   of scikit-learn's normalized_mutual_info_score and adjusted_mutual_info_score.
 */
export function clusterAgreement(labels: Int32Array, clusters: Int32Array): ClusterAgreement {
  const n = labels.length;
  if (clusters.length !== n) {
    throw new RangeError(`clusters has ${clusters.length} entries for ${n} labels. Expected one per row.`);
  }
  if (n === 0) throw new RangeError('There is no row to compare. Pass at least one.');
  const rows = sizes(labels);
  const columns = sizes(clusters);
  // No information on one side or on both: nothing to normalize by.
  if (rows.length === 1 && columns.length === 1) return { nmi: 1, ami: 1 };
  if (rows.length === 1 || columns.length === 1) return { nmi: 0, ami: 0 };

  const information = mutualInformation(jointSizes(labels, clusters), n);
  const mean = (entropy(rows, n) + entropy(columns, n)) / 2;
  const expected = expectedInformation(rows, columns, n);
  return {
    nmi: information === 0 ? 0 : information / mean,
    ami: awayFromZero(information - expected) / awayFromZero(mean - expected),
  };
}

/** Keeps a value at least epsilon from zero, with its sign, so that a perfect match gives 1 and not 0 / 0. */
function awayFromZero(value: number): number {
  return value < 0 ? Math.min(value, -Number.EPSILON) : Math.max(value, Number.EPSILON);
}

function sizes(groups: Int32Array): number[] {
  const count = new Map<number, number>();
  for (const group of groups) count.set(group, (count.get(group) ?? 0) + 1);
  return [...count.values()];
}

/** The rows that a label and a cluster share, with the sizes of both. */
interface Joint {
  shared: number;
  label: number;
  cluster: number;
}

function jointSizes(labels: Int32Array, clusters: Int32Array): Joint[] {
  const [ofLabel, ofCluster] = [new Map<number, number>(), new Map<number, number>()];
  const shared = new Map<number, Map<number, number>>();
  for (let i = 0; i < labels.length; i++) {
    const [label, cluster] = [labels[i], clusters[i]];
    ofLabel.set(label, (ofLabel.get(label) ?? 0) + 1);
    ofCluster.set(cluster, (ofCluster.get(cluster) ?? 0) + 1);
    const row = shared.get(label) ?? new Map<number, number>();
    row.set(cluster, (row.get(cluster) ?? 0) + 1);
    shared.set(label, row);
  }
  return [...shared].flatMap(([label, row]) =>
    [...row].map(([cluster, count]) => ({
      shared: count,
      label: ofLabel.get(label) ?? 0,
      cluster: ofCluster.get(cluster) ?? 0,
    })),
  );
}

function mutualInformation(joints: readonly Joint[], n: number): number {
  let sum = 0;
  for (const { shared, label, cluster } of joints) {
    sum += (shared / n) * (Math.log(shared / n) - Math.log(label / n) - Math.log(cluster / n));
  }
  // Rounding can leave a few units in the last place where nothing is shared.
  return Math.abs(sum) < Number.EPSILON ? 0 : Math.max(0, sum);
}

function entropy(counts: readonly number[], n: number): number {
  let sum = 0;
  for (const count of counts) sum -= (count / n) * (Math.log(count) - Math.log(n));
  return sum;
}

/** Computes the mutual information that two random groupings of these sizes have on average (hypergeometric model). */
function expectedInformation(rows: readonly number[], columns: readonly number[], n: number): number {
  const logFactorial = new Float64Array(n + 1);
  for (let k = 2; k <= n; k++) logFactorial[k] = logFactorial[k - 1] + Math.log(k);
  // Groups of one size contribute alike.
  const [rowSizes, columnSizes] = [tally(rows), tally(columns)];
  let sum = 0;
  for (const [a, rowCount] of rowSizes) {
    for (const [b, columnCount] of columnSizes) {
      const fixed =
        logFactorial[a] + logFactorial[b] + logFactorial[n - a] + logFactorial[n - b] - logFactorial[n];
      let own = 0;
      for (let shared = Math.max(1, a + b - n); shared <= Math.min(a, b); shared++) {
        const probability = Math.exp(
          fixed -
            logFactorial[shared] -
            logFactorial[a - shared] -
            logFactorial[b - shared] -
            logFactorial[n - a - b + shared],
        );
        own += (shared / n) * (Math.log(n * shared) - Math.log(a * b)) * probability;
      }
      sum += rowCount * columnCount * own;
    }
  }
  return sum;
}

function tally(counts: readonly number[]): Map<number, number> {
  const sizes = new Map<number, number>();
  for (const count of counts) sizes.set(count, (sizes.get(count) ?? 0) + 1);
  return sizes;
}
