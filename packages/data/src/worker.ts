import { parentPort, workerData } from 'node:worker_threads';
import { serve } from './loader/serve.js';
import type { WorkerJob, WorkerStart } from './loader/worker-messages.js';

// Entry point of Node's data workers; see node-worker.ts.
const port = parentPort;
if (!port) throw new Error('@unitsphere/data/worker must run in a worker thread started by BatchLoader.');
const handle = serve(workerData as WorkerStart, (reply, transfer) => port.postMessage(reply, transfer));
port.on('message', (job: WorkerJob) => handle(job));
