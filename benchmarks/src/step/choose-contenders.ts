import type { StepContender } from './contenders.js';

/**
 * Those who take part: without ids all but the extra ones; an id stands for the contender of that name, or else for all
 * whose names begin with it.
 * @throws Error for an id that nobody has.
 */
export function chooseContenders(all: readonly StepContender[], only?: readonly string[]): StepContender[] {
  if (!only) return all.filter(({ extra }) => !extra);
  const meant = new Set(
    only.flatMap((id) => {
      const exact = all.filter((one) => one.id === id);
      const found = exact.length ? exact : all.filter((one) => one.id.startsWith(id) && !one.extra);
      if (!found.length) {
        throw new Error(`there is no contender "${id}". Known: ${all.map((one) => one.id).join(', ')}.`);
      }
      return found;
    }),
  );
  return all.filter((one) => meant.has(one));
}
