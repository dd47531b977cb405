import type { Random } from '@unitsphere/core/random';
import type { Alphabet } from './alphabets.js';

/** One trial: the characters of an alphabet by two drawers. Query i shows the same character as support image i. */
export interface Trial {
  alphabet: string;
  /** Paths of the images to choose from, one per character. */
  support: string[];
  /** Paths of the images to classify. */
  queries: string[];
}

/**
 * Draws trials of within-alphabet classification: distinct characters of one alphabet and two drawers, one of whom drew the
 * support images and the other the queries. Alphabets with too few characters are left out; the others give equally many trials.
 * @see Lake, Salakhutdinov and Tenenbaum, "Human-level concept learning through probabilistic program induction", 2015.
 * @throws Error if no alphabet has enough characters.
 */
export function drawTrials(
  alphabets: readonly Alphabet[],
  { ways, trials, random }: { ways: number; trials: number; random: Random },
): Trial[] {
  const usable = alphabets.filter(
    ({ characters }) => characters.length >= ways && characters[0].drawings.length >= 2,
  );
  if (usable.length === 0) {
    throw new Error(
      `No alphabet has ${ways} characters by two drawers; reduce --ways or pass other alphabets.`,
    );
  }
  return usable.flatMap(({ name, characters }) =>
    Array.from({ length: trials }, () => {
      const chosen = random.shuffle([...characters]).slice(0, ways);
      const drawers = random.shuffle([...characters[0].drawings.keys()]);
      return {
        alphabet: name,
        support: chosen.map(({ drawings }) => drawings[drawers[0]]),
        queries: chosen.map(({ drawings }) => drawings[drawers[1]]),
      };
    }),
  );
}
