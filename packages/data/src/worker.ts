import { parentPort, workerData } from 'node:worker_threads';
import { serve } from './loader/serve.js';
import type { WorkerJob, WorkerStart } from './loader/worker-messages.js';

// The file that data workers of Node run; see worker-pool.ts.
const port = parentPort;
if (!port) throw new Error('@unitsphere/data/worker runs in a worker thread that a BatchLoader starts.');
const handle = serve(workerData as WorkerStart, (reply, transfer) => port.postMessage(reply, transfer));
port.on('message', (job: WorkerJob) => handle(job));
