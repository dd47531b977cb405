/** In a browser there are no worker threads of Node's. @throws Error always. */
export function nodeWorkers(): never {
  throw new Error(
    "BatchLoader: in a browser workers are made by your bundler: give createWorker, such as () => new Worker(new URL('./data-worker.js', import.meta.url), { type: 'module' }) with a module that calls serveDataWorker, or set workers to 0.",
  );
}
