import type { GalleryIndex } from '../search/gallery-index.js';
import { countDuplicates } from './count-duplicates.js';
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

/** A stranger and the identity that it resembles most, by its id. */
export interface EnrolledStranger {
  /** Number of the stranger, from 0. */
  readonly stranger: number;
  readonly identity: number;
  readonly score: number;
}

/**
 * Measures strangers: their best two identities.
 * @param strangers Whose image each embedding is, from 0.
 * @returns Also the strangers that are likely enrolled: they are so much more similar to an identity than the others are.
 */
export async function measureStrangers(
  index: GalleryIndex,
  embeddings: readonly Float32Array[],
  strangers: readonly number[],
  identities: number,
): Promise<{ scores: StrangerScores; enrolled: EnrolledStranger[] }> {
  const best = new Float32Array(embeddings.length);
  const runnerUp = new Float32Array(embeddings.length).fill(Number.NaN);
  const closest = new Map<number, EnrolledStranger>();
  await searchInBatches(index, embeddings, 2, (p, found) => {
    best[p] = found[0]?.score ?? -1;
    if (found.length > 1) runnerUp[p] = found[1].score;
    const stranger = strangers[p];
    if (found.length > 0 && best[p] > (closest.get(stranger)?.score ?? Number.NEGATIVE_INFINITY)) {
      closest.set(stranger, { stranger, identity: found[0].identity, score: best[p] });
    }
  });
  const sorted = [...closest.values()].sort((a, b) => b.score - a.score || a.stranger - b.stranger);
  return {
    scores: { stranger: Int32Array.from(strangers), best, runnerUp, compared: identities },
    enrolled: sorted.slice(0, countDuplicates(sorted.map(({ score }) => score))),
  };
}

/** Two identities of a gallery by their ids, and the highest score of a template of one with one of the other. */
export interface IdentityPair {
  readonly ids: readonly [number, number];
  readonly score: number;
}

/** What a gallery's own identities show as strangers. */
export interface OwnScores {
  /** Scores without duplicates: the identities of such a pair are one stranger, who is compared with all other identities. */
  readonly scores: StrangerScores;
  /** The most similar pair that is not a duplicate. */
  readonly closest: IdentityPair | undefined;
  /** Pairs that look like one identity enrolled twice, the most similar one first. */
  readonly duplicates: readonly IdentityPair[];
  /** Number of identities that count as another one because of them. */
  readonly merged: number;
  /** Scores in which duplicates count as different identities; undefined if there are none. */
  readonly allScores: StrangerScores | undefined;
}

/**
 * Measures the gallery's own identities as strangers: each is compared with all others. A gallery of more than
 * 2,000 identities is represented by 2,000 of them at equal steps, and an identity by at most 4 templates.
 * @param groups Templates of each identity that has some.
 * @param keepDuplicates Whether all identities are known to be different.
 */
export async function measureOwnIdentities(
  index: GalleryIndex,
  groups: readonly (readonly OwnTemplate[])[],
  keepDuplicates: boolean,
): Promise<OwnScores> {
  const step = Math.max(1, groups.length / MOST_STRANGERS);
  const count = Math.min(groups.length, MOST_STRANGERS);
  const chosen = Array.from({ length: count }, (_, n) => groups[Math.floor(n * step)]);
  const templates = chosen.flatMap((group) => group.slice(0, MOST_TEMPLATES));
  const all = await measureTemplates(index, templates, new Map());
  const pairs = listPairs(templates, all);
  const duplicates = keepDuplicates ? [] : pairs.slice(0, countDuplicates(pairs.map(({ score }) => score)));
  const own = duplicates.length > 0 ? joinIdentities(duplicates) : new Map<number, number>();
  const merged = [...own].filter(([identity, into]) => identity !== into).length;
  const distinct = groups.length - merged;
  // Fewer than 3 identities show nothing.
  if (merged === 0 || distinct < 3) {
    return {
      scores: toScores(templates, all, new Map(), groups.length - 1),
      closest: pairs[0],
      duplicates: [],
      merged: 0,
      allScores: undefined,
    };
  }
  const joined = await measureTemplates(index, templates, own);
  return {
    scores: toScores(templates, joined, own, distinct - 1),
    closest: listPairs(templates, joined)[0],
    duplicates,
    merged,
    allScores: toScores(templates, all, new Map(), groups.length - 1),
  };
}

/** The best two other identities of a template. */
interface BestOthers {
  best: number;
  runnerUp: number;
  /** Id of the best one, or -1. */
  nearest: number;
}

/** Finds the best others of each template. @param own Identities that count as one, by id. */
async function measureTemplates(
  index: GalleryIndex,
  templates: readonly OwnTemplate[],
  own: ReadonlyMap<number, number>,
): Promise<BestOthers[]> {
  const sizes = new Map<number, number>();
  for (const into of own.values()) sizes.set(into, (sizes.get(into) ?? 0) + 1);
  // Besides its own identities, the best other one, those that count as the same as that one, and the next.
  const most = Math.max(1, ...sizes.values());
  const root = (identity: number) => own.get(identity) ?? identity;
  const measured: BestOthers[] = [];
  await searchInBatches(
    index,
    templates.map(({ embedding }) => embedding),
    2 * most + 1,
    (p, found) => {
      const others = found.filter((match) => root(match.identity) !== root(templates[p].identity));
      const [first] = others;
      const next = others.find((match) => root(match.identity) !== root(first.identity));
      measured[p] = {
        best: first?.score ?? -1,
        runnerUp: next?.score ?? Number.NaN,
        nearest: first?.identity ?? -1,
      };
    },
  );
  return measured;
}

/** Lists each pair of an identity and its nearest one once, the most similar pair first. */
function listPairs(templates: readonly OwnTemplate[], measured: readonly BestOthers[]): IdentityPair[] {
  const pairs = new Map<string, IdentityPair>();
  measured.forEach(({ best, nearest }, p) => {
    if (nearest < 0) return;
    const { identity } = templates[p];
    const ids = [Math.min(identity, nearest), Math.max(identity, nearest)] as const;
    const known = pairs.get(ids.join());
    if (!known || best > known.score) pairs.set(ids.join(), { ids, score: best });
  });
  return [...pairs.values()].sort((a, b) => b.score - a.score || a.ids[0] - b.ids[0] || a.ids[1] - b.ids[1]);
}

/** Returns for each identity of the pairs the lowest id of those that it is joined with. */
function joinIdentities(pairs: readonly IdentityPair[]): Map<number, number> {
  const into = new Map<number, number>();
  for (const { ids } of pairs) {
    const roots = ids.map((id) => into.get(id) ?? id);
    const lowest = Math.min(...roots);
    for (const id of ids) into.set(id, lowest);
    for (const [id, root] of into) if (roots.includes(root)) into.set(id, lowest);
  }
  return into;
}

function toScores(
  templates: readonly OwnTemplate[],
  measured: readonly BestOthers[],
  own: ReadonlyMap<number, number>,
  compared: number,
): StrangerScores {
  const root = (identity: number) => own.get(identity) ?? identity;
  const numbers = new Map<number, number>();
  for (const { identity } of templates) {
    if (!numbers.has(root(identity))) numbers.set(root(identity), numbers.size);
  }
  return {
    stranger: Int32Array.from(templates, ({ identity }) => numbers.get(root(identity)) ?? 0),
    best: Float32Array.from(measured, ({ best }) => best),
    runnerUp: Float32Array.from(measured, ({ runnerUp }) => runnerUp),
    nearest: Int32Array.from(measured, ({ nearest }) => numbers.get(root(nearest)) ?? -1),
    compared,
  };
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
