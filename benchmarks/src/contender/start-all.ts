import { AbsentError, Contender, type ContenderSpec } from './contender.js';

/** Starts all at once; nothing is timed yet. */
export async function startAll<Spec extends ContenderSpec>(specs: readonly Spec[]) {
  const running: { spec: Spec; contender: Contender }[] = [];
  /** Why who is not there, by id. */
  const absent: Record<string, string> = {};
  let failure: Error | undefined;
  const starts = await Promise.allSettled(specs.map((spec) => Contender.start(spec)));
  for (const [i, start] of starts.entries()) {
    const spec = specs[i]!;
    if (start.status === 'fulfilled') running.push({ spec, contender: start.value });
    else if (start.reason instanceof AbsentError) absent[spec.id] = start.reason.message;
    else failure ??= start.reason as Error;
  }
  return { running, absent, failure };
}
