import { availableParallelism } from 'node:os';

/** Runs asynchronous functions, as many at a time as there are cores. Returns their results in order. */
export async function inParallel(tasks) {
  const results = [];
  const waiting = [...tasks.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [i, task] = next;
      results[i] = await task();
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}
