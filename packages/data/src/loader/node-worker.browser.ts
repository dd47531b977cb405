/** Replaces Node's worker threads in a browser. @throws Error always. */
export function nodeWorkers(): never {
  throw new Error(
    "BatchLoader: workers in a browser require createWorker; give createWorker: () => new Worker(new URL('./data-worker.js', import.meta.url), { type: 'module' }) with a module that calls serveDataWorker, or set workers: 0.",
  );
}
