// Trains on two network namespaces as on two hosts, cuts the link between them in mid-step, and resumes on one host.
// Run as root, with Open MPI: node tools/mpi/two-hosts.mjs [--delay]
// With --delay, the link has a delay even if the kernel cannot make one.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  createDelayedHosts,
  createHosts,
  HOSTS,
  pidsOf,
  removeHosts,
  startOnHosts,
  within,
  writeAgent,
} from './hosts.mjs';

const cli = fileURLToPath(new URL('../../apps/trainer/bin/unitsphere.js', import.meta.url));

/** Seconds that a process waits for the others before it ends the group. */
const TIMEOUT = 30;
/** Seconds in which everything must have ended after the loss: the timeout, and time to print and to end. */
const END = TIMEOUT + 30;
const STEPS_BEFORE = 12;
const [A, B] = HOSTS;

const CONFIG = `
data: { source: documents, identities: 24, imageSize: 32, split: { train: 0.6, validation: 0.2, test: 0.2 }, workers: 1 }
model: { backbone: lcnet_035, embeddingSize: 16 }
training: { steps: 5000, batchSize: 8, logEvery: 1, validateEvery: null, checkpointEvery: 5 }
backend: wasm
output: { name: run, plots: [] }
`;

/** Starts `unitsphere train …` from host A, on two processes. */
const startTraining = (agent, hosts, args) =>
  startOnHosts(agent, [process.execPath, cli, 'train', ...args], {
    hosts,
    options: [
      // A host that vanishes sends nothing, so the daemons must ask.
      '--mca oob_tcp_keepalive_time 5 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 3',
      `-x UNITSPHERE_MPI_TIMEOUT=${TIMEOUT}`,
    ],
  });

function check(isTrue, message, { output = '' } = {}) {
  if (!isTrue) throw new Error(`${message}\n${output}`);
  console.log(`✓ ${message}`);
}

async function waitFor(isDone, seconds, message, state) {
  for (const begun = Date.now(); !isDone(); await sleep(100)) {
    if (Date.now() - begun > 1000 * seconds) check(false, `${message} (waited ${seconds} s)`, state);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'unitsphere-hosts-'));
try {
  const link = process.argv.includes('--delay') ? await createDelayedHosts() : createHosts();
  console.log(`link between the hosts: ${link}`);
  const agent = writeAgent(folder);
  const config = join(folder, 'config.yaml');
  writeFileSync(config, CONFIG);
  const metrics = join(folder, 'run/metrics.jsonl');
  const stepsDone = () => (existsSync(metrics) ? readFileSync(metrics, 'utf8').split('\n').length - 1 : 0);

  const training = startTraining(agent, HOSTS, [config, '--output', folder]);
  let hasEnded = false;
  training.ended.then(() => (hasEnded = true));
  await waitFor(() => hasEnded || stepsDone() >= STEPS_BEFORE, 300, 'the training does not start', training);
  check(!hasEnded, `two hosts train together: ${stepsDone()} steps`, training);
  check(
    /2 processes on 2 hosts share every batch/.test(training.output),
    'each host has a process',
    training,
  );
  check(
    !training.output.includes(hostname()) || hostname() === 'host-a',
    'the hosts have names of their own',
    training,
  );

  within(B, 'ip', 'link', 'set', B.link, 'down');
  const lost = Date.now();
  await waitFor(() => hasEnded, END, 'the training does not end', training);
  check(
    (await training.ended) !== 0,
    `the training ends ${((Date.now() - lost) / 1000).toFixed(1)} s after the loss, with an error`,
  );
  // The launcher's daemons may notice it before the processes do.
  const reason = /waited \d+ s in \w+ for the other ranks|lost communication with a remote daemon/;
  check(
    reason.test(training.output),
    `the error states the reason: ${training.output.match(reason)?.[0]}`,
    training,
  );
  await waitFor(
    () => pidsOf(B).length === 0,
    END,
    `processes remain on the lost host: ${pidsOf(B)}`,
    training,
  );
  check(true, `no process remains on the lost host after ${((Date.now() - lost) / 1000).toFixed(1)} s`);

  const before = stepsDone();
  const steps = `training.steps=${before + 5}`;
  const resumed = startTraining(agent, [A], ['--resume', join(folder, 'run'), '--set', steps]);
  check((await resumed.ended) === 0, `one host resumes and finishes at step ${before + 5}`, resumed);
  check(/resuming at step \d+/.test(resumed.output), 'it resumes from the checkpoint', resumed);
} finally {
  removeHosts();
  rmSync(folder, { recursive: true, force: true });
}
