import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { WorkerReply } from './worker-messages.js';
import type { StartWorker } from './worker-pool.js';

/** Worker threads of Node, which run this package's own worker file unless another is given. */
export function nodeWorkers(file: URL | string = ownWorkerFile()): StartWorker {
  return (start, index, events) => {
    const worker = new Worker(file, { workerData: start, name: `unitsphere-data-${index}` });
    worker.on('message', (reply: WorkerReply) => events.reply(reply));
    worker.on('error', (error) => {
      events.failed(new Error(`Data worker ${index} failed: ${error.message}`, { cause: error }));
    });
    worker.on('exit', (code) =>
      events.failed(new Error(`Data worker ${index} ended by itself with code ${code}.`)),
    );
    // An idle loader does not keep the process alive; one that is waited for does.
    worker.unref();
    return {
      post: (job) => worker.postMessage(job),
      hold: (waited) => (waited ? worker.ref() : worker.unref()),
      terminate: () => worker.terminate(),
    };
  };
}

/** The built worker lies beside the built module that this code is in. */
function ownWorkerFile(): URL | string {
  // CommonJS has no import.meta.url, an ES module has no __filename.
  return typeof __filename === 'string'
    ? join(dirname(__filename), 'worker.cjs')
    : new URL('./worker.js', import.meta.url);
}
