import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { WorkerReply } from './worker-messages.js';
import type { StartWorker } from './worker-pool.js';

/** Starts worker threads in Node with the given worker file, by default this package's. */
export function nodeWorkers(file: URL | string = defaultWorkerFile()): StartWorker {
  return (start, index, events) => {
    const worker = new Worker(file, { workerData: start, name: `unitsphere-data-${index}` });
    worker.on('message', (reply: WorkerReply) => events.reply(reply));
    worker.on('error', (error) => {
      events.failed(new Error(`Data worker ${index} failed: ${error.message}`, { cause: error }));
    });
    worker.on('exit', (code) =>
      events.failed(new Error(`Data worker ${index} exited unexpectedly with code ${code}.`)),
    );
    // An idle loader must not keep the process alive.
    worker.unref();
    return {
      post: (job) => worker.postMessage(job),
      setWaiting: (isWaiting) => (isWaiting ? worker.ref() : worker.unref()),
      terminate: () => worker.terminate(),
    };
  };
}

/** Returns the built worker file, which is in the same folder as the built module. */
function defaultWorkerFile(): URL | string {
  // __filename exists only in CommonJS, import.meta.url only in ES modules.
  return typeof __filename === 'string'
    ? join(dirname(__filename), 'worker.cjs')
    : new URL('./worker.js', import.meta.url);
}
