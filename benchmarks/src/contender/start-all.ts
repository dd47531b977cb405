import { AbsentError, Contender, type ContenderSpec } from './contender.js';

/** Starts all contenders concurrently, before anything is timed. */
export async function startAll<Spec extends ContenderSpec>(specs: readonly Spec[]) {
  const running: { spec: Spec; contender: Contender }[] = [];
  /** Reason why a contender is absent, by its id. */
  const absent: Record<string, string> = {};
  let failure: Error | undefined;
  const starts = await Promise.allSettled(specs.map((spec) => Contender.start(spec)));
  for (const [i, start] of starts.entries()) {
    const spec = specs[i];
    if (start.status === 'fulfilled') running.push({ spec, contender: start.value });
    else if (start.reason instanceof AbsentError) absent[spec.id] = start.reason.message;
    else failure ??= start.reason as Error;
  }
  return { running, absent, failure };
}
