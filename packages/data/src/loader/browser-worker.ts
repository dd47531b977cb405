import type { CanvasFactory } from '../drawing/canvas.js';
import { serve } from './serve.js';
import type { WorkerJob, WorkerReply, WorkerStart } from './worker-messages.js';
import type { StartWorker } from './worker-pool.js';

/** Starts workers in a browser. The first message to a worker is its `WorkerStart`, the others are jobs. */
export function browserWorkers(create: () => Worker): StartWorker {
  return (start, index, events) => {
    const worker = create();
    worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => events.reply(data);
    worker.onerror = ({ message }) =>
      events.failed(
        new Error(`Data worker ${index} failed: ${message || 'its script cannot be loaded or run'}.`),
      );
    worker.postMessage(start);
    return {
      post: (job) => worker.postMessage(job),
      setWaiting: () => {},
      terminate: () => worker.terminate(),
    };
  };
}

/** The part of a worker's global scope that is used. */
interface WorkerScope {
  onmessage: ((event: { data: unknown }) => void) | null;
  postMessage(message: WorkerReply, transfer: ArrayBuffer[]): void;
}

/**
 * Makes batches in a browser's worker for a `BatchLoader` with `createWorker`. The worker's module needs only this call.
 * Call it before the module's first `await`; messages that arrive earlier are lost.
 * @param options `canvases`: `browserCanvasFactory(...)`, required by the sources `documents` and `faces`.
 */
export function serveDataWorker(options: { readonly canvases?: CanvasFactory } = {}): void {
  const scope = globalThis as unknown as WorkerScope;
  let handle: ((job: WorkerJob) => void) | undefined;
  scope.onmessage = ({ data }) => {
    if (handle) handle(data as WorkerJob);
    else
      handle = serve(data as WorkerStart, (reply, transfer) => scope.postMessage(reply, transfer), options);
  };
}
