import { evaluationSet } from '@unitsphere/data';
import { bootstrapVerification, identificationRate, verifyEmbeddings } from '@unitsphere/verification';

const FPRS = [1e-2, 1e-3, 1e-4];
/** Images that are made and embedded at once. */
const BATCH = 288;

/**
 * Embeds every identity of a source, as `unitsphere evaluate --identities all` does: one clean image of each, and eight others.
 * @param {import('@unitsphere/embedder').Embedder} embedder
 * @param {import('@unitsphere/data').ImageSource} source
 * @param {'augmentation' | 'samples'} from As of `evaluationSet`: augmented copies of the first image, or the other samples.
 * @param {number} every Only the identities whose index is a multiple of it.
 */
export async function embedCards(embedder, source, from = 'augmentation', every = 1) {
  const all = source.identities.map((_, i) => i).filter((i) => i % every === 0);
  const options = { size: embedder.preprocessing.imageSize, seed: 0, from };
  /** @type {{ embedding: Float32Array, label: number, isClean: boolean }[]} */
  const embedded = [];
  let batch = [];
  const embedBatch = async () => {
    const embeddings = await embedder.embed(batch.map(({ image }) => image));
    for (const [i, { label, kind }] of batch.entries()) {
      embedded.push({ embedding: embeddings[i], label, isClean: kind === 'clean' });
    }
    batch = [];
  };
  for await (const made of evaluationSet(source, all, options)) {
    batch.push(made);
    if (batch.length === BATCH) await embedBatch();
  }
  await embedBatch();
  return embedded;
}

/**
 * Verifies embedded cards; keys of the records are FPRs, such as `1e-3`.
 * @param {Awaited<ReturnType<typeof embedCards>>} embedded
 */
export function verifyCards(embedded, { intervals = true } = {}) {
  const dimensions = embedded[0].embedding.length;
  const labels = Int32Array.from(embedded, ({ label }) => label);
  const rows = join(embedded, dimensions);
  const { tprAtFpr, auroc } = verifyEmbeddings(rows, dimensions, labels, { fprs: FPRS });
  const [clean, others] = [true, false].map((wanted) => embedded.filter(({ isClean }) => isClean === wanted));
  const labelsOf = (list) => Int32Array.from(list, ({ label }) => label);
  const { rates } = identificationRate(
    join(clean, dimensions),
    labelsOf(clean),
    join(others, dimensions),
    labelsOf(others),
    dimensions,
    [1],
  );
  const resolved = tprAtFpr.filter((each) => each.resolved);
  const fprs = resolved.map(({ fpr }) => fpr);
  const found = intervals ? bootstrapVerification(rows, dimensions, labels, { fprs }).tprAtFpr : [];
  return {
    identities: clean.length,
    images: embedded.length,
    tprAtFpr: byFpr(resolved, ({ tpr }) => round(tpr)),
    intervals: byFpr(found, ({ interval }) => [round(interval.low), round(interval.high)]),
    /** Lowest cosines that count as the same card. */
    thresholds: byFpr(resolved, ({ threshold }) => round(threshold)),
    auroc: round(auroc),
    rank1: round(rates[0].rate),
  };
}

function join(embedded, dimensions) {
  const rows = new Float32Array(embedded.length * dimensions);
  for (const [i, { embedding }] of embedded.entries()) rows.set(embedding, i * dimensions);
  return rows;
}

const byFpr = (list, value) =>
  Object.fromEntries(list.map((each) => [each.fpr.toExponential(), value(each)]));
const round = (value) => Math.round(value * 1e4) / 1e4;
