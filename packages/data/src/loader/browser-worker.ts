import type { CanvasFactory } from '../drawing/canvas.js';
import { serve } from './serve.js';
import type { WorkerJob, WorkerReply, WorkerStart } from './worker-messages.js';
import type { StartWorker } from './worker-pool.js';

/** Workers of a browser; each is sent what it starts with, and then its jobs. */
export function browserWorkers(create: () => Worker): StartWorker {
  return (start, index, events) => {
    const worker = create();
    worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => events.reply(data);
    worker.onerror = ({ message }) =>
      events.failed(
        new Error(`Data worker ${index} failed: ${message || 'its script could not be loaded or run'}.`),
      );
    worker.postMessage(start);
    return {
      post: (job) => worker.postMessage(job),
      hold: () => {},
      terminate: () => worker.terminate(),
    };
  };
}

/** What is used of a worker's global scope. */
interface WorkerScope {
  onmessage: ((event: { data: unknown }) => void) | null;
  postMessage(message: WorkerReply, transfer: ArrayBuffer[]): void;
}

/**
 * Makes batches in a browser's worker for the `BatchLoader` that has `createWorker`: the whole of such a worker's module.
 * Call it before the module first awaits anything, or its first messages are lost.
 * @param options `canvases`: where documents are drawn, `browserCanvasFactory(...)`; wanted by the source `documents`.
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
