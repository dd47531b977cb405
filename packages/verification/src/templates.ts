import { countRows, writeUnitRows } from './normalize-rows.js';

/** One embedding per template, which is a set of images of a person. */
export interface Templates {
  /** Row-major T×D, of unit length. */
  embeddings: Float32Array;
  /** The id of each row, ascending. */
  ids: Int32Array;
}

/**
 * Pools the embeddings of images into IJB templates, as insightface does. It averages the images of each medium (the frames
 * of a video, or a still), adds the media of each template and scales the sum to unit length. A long video therefore
 * counts as much as one photograph.
 *
 * @param embeddings Row-major N×D, one row per image. Rows are not normalized, so their length is a weight.
 * @param dimensions D.
 * @param templates The template of each image, length N.
 * @param media The medium of each image, length N. Equal numbers in different templates are different media.
 * @throws RangeError if sizes disagree, a value is not finite, or a template's media cancel out.
 * @see Whitelam et al., "IARPA Janus Benchmark-B", CVPR Workshops 2017; insightface, recognition/_evaluation_/ijb.
 */
export function poolTemplates(
  embeddings: Float32Array,
  dimensions: number,
  templates: Int32Array,
  media: Int32Array,
): Templates {
  const rows = countRows(embeddings, dimensions);
  for (const [name, { length }] of Object.entries({ templates, media })) {
    if (length !== rows)
      throw new RangeError(`${name} has ${length} entries for ${rows} rows. Expected one per row.`);
  }
  const order = Int32Array.from(templates.keys()).sort(
    (x, y) => templates[x] - templates[y] || media[x] - media[y] || x - y,
  );
  const ids = Int32Array.from(new Set(order.map((row) => templates[row])));
  const sums = new Float32Array(ids.length * dimensions);
  const total = new Float64Array(dimensions);
  const medium = new Float64Array(dimensions);
  for (let at = 0, t = 0; at < rows; t++) {
    total.fill(0);
    while (at < rows && templates[order[at]] === ids[t]) {
      const from = at;
      medium.fill(0);
      const current = media[order[at]];
      for (; at < rows && templates[order[at]] === ids[t] && media[order[at]] === current; at++) {
        for (let d = 0; d < dimensions; d++) medium[d] += embeddings[order[at] * dimensions + d];
      }
      for (let d = 0; d < dimensions; d++) total[d] += medium[d] / (at - from);
    }
    sums.set(total, t * dimensions);
  }
  const pooled = new Float32Array(sums.length);
  writeUnitRows(pooled, sums, dimensions, undefined, 'the sums of templates');
  return { embeddings: pooled, ids };
}

/**
 * Computes the cosines of listed pairs of rows, for protocols that list the pairs to compare (IJB's 1:1 list, LFW's pairs).
 * Pass them to `rocFromScores` for TAR at FAR.
 *
 * @param embeddings Row-major N×D; rows need not have unit length.
 * @param dimensions D.
 * @param a The first row of each pair.
 * @param b The second row of each pair.
 * @returns One cosine per pair in [-1, 1], computed in double precision and rounded to 32 bits.
 * @throws RangeError if sizes disagree, a row number is out of range, or a row has a NaN, an infinity or zero length.
 */
export function scorePairs(
  embeddings: Float32Array,
  dimensions: number,
  a: Int32Array,
  b: Int32Array,
): Float32Array {
  const rows = countRows(embeddings, dimensions);
  if (a.length !== b.length) {
    throw new RangeError(`a has ${a.length} rows and b has ${b.length}. Expected one of each per pair.`);
  }
  const unit = new Float64Array(embeddings.length);
  writeUnitRows(unit, embeddings, dimensions);
  return Float32Array.from(a, (_, pair) => {
    for (const row of [a[pair], b[pair]]) {
      if (row < 0 || row >= rows)
        throw new RangeError(`Pair ${pair} names row ${row}; there are rows 0…${rows - 1}.`);
    }
    let dot = 0;
    for (let d = 0; d < dimensions; d++)
      dot += unit[a[pair] * dimensions + d] * unit[b[pair] * dimensions + d];
    return Math.max(-1, Math.min(1, dot));
  });
}
