import type { GalleryIndex } from '../search/gallery-index.js';
import type { StrangerScores } from './stranger-scores.js';

/** Identities of a gallery that are compared with all others; more would change little and take long. */
const MOST_STRANGERS = 2000;
/** Templates of each of them. */
const MOST_TEMPLATES = 4;
const BATCH = 64;

/** A template of the gallery that plays a stranger. */
export interface OwnTemplate {
  readonly identity: number;
  readonly embedding: Float32Array;
}

/** Measures strangers: their best two identities. @param strangers Whose image each embedding is, from 0. */
export async function measureStrangers(
  index: GalleryIndex,
  embeddings: readonly Float32Array[],
  strangers: readonly number[],
  identities: number,
): Promise<StrangerScores> {
  const best = new Float32Array(embeddings.length);
  const runnerUp = new Float32Array(embeddings.length).fill(Number.NaN);
  await searchInBatches(index, embeddings, 2, (p, found) => {
    best[p] = found[0]?.score ?? -1;
    if (found.length > 1) runnerUp[p] = found[1].score;
  });
  return { stranger: Int32Array.from(strangers), best, runnerUp, compared: identities };
}

/**
 * Measures the gallery's own identities as strangers: each is compared with all others. A gallery of more than
 * 2,000 identities is represented by 2,000 of them at equal steps, and an identity by at most 4 templates.
 * @param groups Templates of each identity that has some.
 */
export async function measureOwnIdentities(
  index: GalleryIndex,
  groups: readonly (readonly OwnTemplate[])[],
): Promise<StrangerScores & { closest: readonly [number, number]; closestScore: number }> {
  const step = Math.max(1, groups.length / MOST_STRANGERS);
  const count = Math.min(groups.length, MOST_STRANGERS);
  const chosen = Array.from({ length: count }, (_, n) => groups[Math.floor(n * step)]);
  const numbers = new Map(chosen.map(([{ identity }], n) => [identity, n]));
  const templates = chosen.flatMap((group) => group.slice(0, MOST_TEMPLATES));
  const best = new Float32Array(templates.length);
  const runnerUp = new Float32Array(templates.length).fill(Number.NaN);
  const nearest = new Int32Array(templates.length).fill(-1);
  let closest: [number, number] = [-1, -1];
  let closestScore = Number.NEGATIVE_INFINITY;
  await searchInBatches(
    index,
    templates.map(({ embedding }) => embedding),
    3,
    (p, found) => {
      const { identity } = templates[p];
      const others = found.filter((match) => match.identity !== identity);
      best[p] = others[0]?.score ?? -1;
      if (others.length > 1) runnerUp[p] = others[1].score;
      if (others.length > 0) nearest[p] = numbers.get(others[0].identity) ?? -1;
      if (others.length > 0 && best[p] > closestScore) {
        closestScore = best[p];
        closest = [identity, others[0].identity];
      }
    },
  );
  const stranger = Int32Array.from(templates, ({ identity }) => numbers.get(identity) ?? 0);
  return { stranger, best, runnerUp, nearest, compared: groups.length - 1, closest, closestScore };
}

async function searchInBatches(
  index: GalleryIndex,
  embeddings: readonly Float32Array[],
  k: number,
  visit: (embedding: number, found: Awaited<ReturnType<GalleryIndex['search']>>[number]) => void,
): Promise<void> {
  for (let from = 0; from < embeddings.length; from += BATCH) {
    const found = await index.search(embeddings.slice(from, from + BATCH), k);
    found.forEach((matches, n) => {
      visit(from + n, matches);
    });
  }
}
