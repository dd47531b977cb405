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

// Thread that starts the replicas and watches for their end. Rank 0 cannot do so itself: it sleeps while it waits for another
// rank and would not notice that the rank has died. The thread is idle while nothing fails.
const { group, file, data, port, resourceLimits } = workerData as SupervisorStart;
const send = (message: SupervisorMessage) => port.postMessage(message);
// Without this handler, a failure of this thread would leave all ranks waiting.
process.on('uncaughtException', (error) => {
  abortThreadGroup(group, `the supervisor failed: ${error.message}`);
  throw error;
});
let starting = data.length;
let running = data.length;

data.forEach((dataOfRank, index) => {
  const rank = index + 1;
  const start: ReplicaStart = { group, rank, data: dataOfRank };
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
    send({ kind: 'failed', rank, error, secondary });
  };
  worker.on('message', (message: ReplicaMessage) => {
    if (message.kind === 'started' && --starting === 0) send({ kind: 'started' });
    if (message.kind === 'failed') fail(message.error, message.secondary);
    if (message.kind === 'finished') ended = true;
  });
  // Failures that the replica cannot catch: its module does not load, or it is out of memory.
  worker.on('error', (error) => fail(errorText(error)));
  worker.on('exit', (code) => {
    if (ended) abortThreadGroup(group, `replica ${rank} has returned`);
    fail({ message: `the thread ended by itself with code ${code}` });
    if (--running === 0) send({ kind: 'ended' });
  });
});
