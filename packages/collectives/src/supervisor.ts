import { Worker, workerData } from 'node:worker_threads';
import {
  type ErrorText,
  errorText,
  type ReplicaMessage,
  type ReplicaStart,
  type SupervisorMessage,
  type SupervisorStart,
} from './replicas/messages.js';
import { abortThreadGroup } from './thread-group.js';

// The thread that starts the replicas and sees how they end. A thread of its own, because rank 0 sleeps while it waits for
// another rank and would not be told that this one has died. It has nothing to do, and does nothing, while all is well.
const { group, file, data, port, resourceLimits } = workerData as SupervisorStart;
const tell = (message: SupervisorMessage) => port.postMessage(message);
// Should this thread itself fail, nobody would be woken.
process.on('uncaughtException', (error) => {
  abortThreadGroup(group, `the supervisor failed: ${error.message}`);
  throw error;
});
let starting = data.length;
let running = data.length;

data.forEach((own, index) => {
  const rank = index + 1;
  const start: ReplicaStart = { group, rank, data: own };
  const module = file.startsWith('file:') ? new URL(file) : file;
  const worker = new Worker(module, {
    workerData: start,
    name: `unitsphere-replica-${rank}`,
    resourceLimits,
  });
  let ended = false;
  const fail = (error: ErrorText, secondary = false) => {
    if (ended) return;
    ended = true;
    abortThreadGroup(group, `replica ${rank} failed: ${error.message}`);
    tell({ kind: 'failed', rank, error, secondary });
  };
  worker.on('message', (message: ReplicaMessage) => {
    if (message.kind === 'started' && --starting === 0) tell({ kind: 'started' });
    if (message.kind === 'failed') fail(message.error, message.secondary);
    if (message.kind === 'finished') ended = true;
  });
  // What no JavaScript of the replica can catch: a module that does not load, no memory left.
  worker.on('error', (error) => fail(errorText(error)));
  worker.on('exit', (code) => {
    if (ended) abortThreadGroup(group, `replica ${rank} has returned`);
    fail({ message: `the thread ended by itself with code ${code}` });
    if (--running === 0) tell({ kind: 'ended' });
  });
});
