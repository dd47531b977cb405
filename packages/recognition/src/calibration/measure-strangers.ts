import type { GalleryIndex } from '../search/gallery-index.js';
import { countDuplicates } from './count-duplicates.js';
import { IdentityGroups, type IdentityPair } from './identity-groups.js';
import type { StrangerScores } from './stranger-scores.js';

/** Identities of a gallery that are compared with all others; more would change little and take long. */
const MOST_STRANGERS = 2000;
/** Templates of each of them. */
const MOST_TEMPLATES = 4;
/** Fewer identities show nothing about strangers. */
const LEAST_IDENTITIES = 3;
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

/** A rule for pairs of similar identities: whether they count as one. */
export interface DuplicatePolicy {
  /** Pairs that are known to count as one. */
  readonly accepted: readonly IdentityPair[];
  /** What happens to other pairs that look like one identity: `join` counts them as one, `report` names them, `keep` does neither. */
  readonly others: 'join' | 'report' | 'keep';
}

/** What a gallery's own identities show as strangers. */
export interface OwnScores {
  /** Scores without duplicates: the identities of such a pair are one stranger, who is compared with all other identities. */
  readonly scores: StrangerScores;
  /** The most similar pair that is not a duplicate. */
  readonly closest: IdentityPair | undefined;
  /** Pairs that count as one identity, the most similar one first. */
  readonly duplicates: readonly IdentityPair[];
  /** Pairs that look like one identity and still count as two, the most similar one first. */
  readonly newDuplicates: readonly IdentityPair[];
  /** Scores in which duplicates count as different identities; undefined if there are none. */
  readonly allScores: StrangerScores | undefined;
}

/**
 * Measures the gallery's own identities as strangers: each is compared with all others. A gallery of more than
 * 2,000 identities is represented by 2,000 of them at equal steps, and an identity by at most 4 templates.
 * @param groups Templates of each identity that has some.
 */
export async function measureOwnIdentities(
  index: GalleryIndex,
  groups: readonly (readonly OwnTemplate[])[],
  { accepted, others }: DuplicatePolicy,
): Promise<OwnScores> {
  const step = Math.max(1, groups.length / MOST_STRANGERS);
  const count = Math.min(groups.length, MOST_STRANGERS);
  const chosen = Array.from({ length: count }, (_, n) => groups[Math.floor(n * step)]);
  const templates = chosen.flatMap((group) => group.slice(0, MOST_TEMPLATES));
  const ids = groups.map(([{ identity }]) => identity);
  const present = new Set(ids);
  const none = new IdentityGroups();
  let duplicates = accepted.filter((pair) => pair.ids.every((id) => present.has(id)));
  if (new IdentityGroups(duplicates).count(ids) < LEAST_IDENTITIES) duplicates = [];
  let joined = new IdentityGroups(duplicates);
  const all = await measureTemplates(index, templates, none);
  let measured = duplicates.length > 0 ? await measureTemplates(index, templates, joined) : all;
  let pairs = listPairs(templates, measured, joined);
  let found = others === 'keep' ? [] : selectDuplicates(pairs);
  // Those of two groups that are one identity are each other's nearest only when both groups are joined.
  while (others === 'join' && found.length > 0) {
    const more = new IdentityGroups([...duplicates, ...found]);
    if (more.count(ids) < LEAST_IDENTITIES) break;
    joined = more;
    duplicates = [...duplicates, ...found];
    measured = await measureTemplates(index, templates, joined);
    pairs = listPairs(templates, measured, joined);
    found = selectDuplicates(pairs);
  }
  return {
    scores: toScores(templates, measured, joined, joined.count(ids) - 1),
    closest: pairs[0],
    duplicates: duplicates.sort(comparePairs),
    newDuplicates: others === 'report' ? found : [],
    allScores: duplicates.length > 0 ? toScores(templates, all, none, groups.length - 1) : undefined,
  };
}

/** Returns the pairs that are likely duplicates. @param pairs The most similar one first. */
function selectDuplicates(pairs: readonly IdentityPair[]): IdentityPair[] {
  return pairs.slice(0, countDuplicates(pairs.map(({ score }) => score)));
}

function comparePairs(a: IdentityPair, b: IdentityPair): number {
  return b.score - a.score || a.ids[0] - b.ids[0] || a.ids[1] - b.ids[1];
}

/** The best two other identities of a template. */
interface BestOthers {
  best: number;
  runnerUp: number;
  /** Id of the best one, or -1. */
  nearest: number;
}

/** Finds the best others of each template. @param groups Identities that count as one. */
async function measureTemplates(
  index: GalleryIndex,
  templates: readonly OwnTemplate[],
  groups: IdentityGroups,
): Promise<BestOthers[]> {
  const measured: BestOthers[] = [];
  await searchInBatches(
    index,
    templates.map(({ embedding }) => embedding),
    // Besides its own identities, the best other one, those that count as the same as that one, and the next.
    2 * groups.largest + 1,
    (p, found) => {
      const own = groups.root(templates[p].identity);
      const others = found.filter((match) => groups.root(match.identity) !== own);
      const [first] = others;
      const next = others.find((match) => groups.root(match.identity) !== groups.root(first.identity));
      measured[p] = {
        best: first?.score ?? -1,
        runnerUp: next?.score ?? Number.NaN,
        nearest: first?.identity ?? -1,
      };
    },
  );
  return measured;
}

/** Lists the most similar identities of each two groups that are nearest, the most similar pair first. */
function listPairs(
  templates: readonly OwnTemplate[],
  measured: readonly BestOthers[],
  groups: IdentityGroups,
): IdentityPair[] {
  const pairs = new Map<string, IdentityPair>();
  measured.forEach(({ best, nearest }, p) => {
    if (nearest < 0) return;
    const { identity } = templates[p];
    const key = [groups.root(identity), groups.root(nearest)].sort((a, b) => a - b).join();
    const known = pairs.get(key);
    if (known && best <= known.score) return;
    pairs.set(key, { ids: [Math.min(identity, nearest), Math.max(identity, nearest)], score: best });
  });
  return [...pairs.values()].sort(comparePairs);
}

function toScores(
  templates: readonly OwnTemplate[],
  measured: readonly BestOthers[],
  groups: IdentityGroups,
  compared: number,
): StrangerScores {
  const numbers = new Map<number, number>();
  for (const { identity } of templates) {
    const root = groups.root(identity);
    if (!numbers.has(root)) numbers.set(root, numbers.size);
  }
  return {
    stranger: Int32Array.from(templates, ({ identity }) => numbers.get(groups.root(identity)) ?? 0),
    best: Float32Array.from(measured, ({ best }) => best),
    runnerUp: Float32Array.from(measured, ({ runnerUp }) => runnerUp),
    nearest: Int32Array.from(measured, ({ nearest }) => numbers.get(groups.root(nearest)) ?? -1),
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
