// Trains on two network namespaces as on two hosts, cuts the link between them in mid-step, and resumes on one host.
// Run as root, with Open MPI: node tools/mpi/two-hosts.mjs
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../apps/trainer/bin/unitsphere.js', import.meta.url));

/** Seconds that a process waits for the others before it ends the group. */
const TIMEOUT = 30;
/** Seconds in which everything must have ended after the loss: the timeout, and time to print and to end. */
const END = TIMEOUT + 30;
const STEPS_BEFORE = 12;

const HOSTS = [
  { namespace: 'unitsphere-a', link: 'us-a', address: '10.77.0.1' },
  { namespace: 'unitsphere-b', link: 'us-b', address: '10.77.0.2' },
];
const [A, B] = HOSTS;

const CONFIG = `
data: { source: documents, identities: 24, imageSize: 32, split: { train: 0.6, validation: 0.2, test: 0.2 }, workers: 1 }
model: { backbone: lcnet_035, embeddingSize: 16 }
training: { steps: 5000, batchSize: 8, logEvery: 1, validateEvery: null, checkpointEvery: 5 }
backend: wasm
output: { name: run, plots: [] }
`;

const run = (command, ...args) => execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' });
const within = ({ namespace }, ...args) => run('ip', 'netns', 'exec', namespace, ...args);
const isQuiet = (work) => {
  try {
    work();
    return true;
  } catch {
    return false;
  }
};

/** Creates the namespaces and the link. Returns a description of it. */
function createHosts() {
  removeHosts();
  for (const { namespace } of HOSTS) run('ip', 'netns', 'add', namespace);
  run(
    'ip',
    'link',
    'add',
    A.link,
    'netns',
    A.namespace,
    'type',
    'veth',
    'peer',
    'name',
    B.link,
    'netns',
    B.namespace,
  );
  let isDelayed = true;
  for (const host of HOSTS) {
    within(host, 'ip', 'addr', 'add', `${host.address}/24`, 'dev', host.link);
    within(host, 'ip', 'link', 'set', 'lo', 'up');
    within(host, 'ip', 'link', 'set', host.link, 'up');
    const shape = (...rule) => within(host, 'tc', 'qdisc', 'add', 'dev', host.link, 'root', ...rule);
    // Half of the delay in each direction.
    if (!isQuiet(() => shape('netem', 'rate', '1gbit', 'delay', '50us'))) {
      shape('tbf', 'rate', '1gbit', 'burst', '128kb', 'latency', '50ms');
      isDelayed = false;
    }
  }
  return isDelayed ? '1 Gbit/s, 100 µs' : '1 Gbit/s, without a delay: this kernel lacks netem';
}

function removeHosts() {
  for (const { namespace } of HOSTS) {
    for (const pid of pidsOf({ namespace })) isQuiet(() => process.kill(pid, 'SIGKILL'));
    isQuiet(() => run('ip', 'netns', 'del', namespace));
  }
}

/** Returns the processes of a host. */
function pidsOf({ namespace }) {
  try {
    return run('ip', 'netns', 'pids', namespace).split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Writes a program that runs a command on a host, as ssh does: AGENT ADDRESS COMMAND… */
function writeAgent(folder) {
  const file = join(folder, 'agent.sh');
  writeFileSync(
    file,
    `#!/bin/sh
# ssh starts a command on a host with a name of its own.
host=$1; shift
case $host in ${A.address}|host-a) n=${A.namespace} name=host-a ;; ${B.address}|host-b) n=${B.namespace} name=host-b ;; *) exit 255 ;; esac
exec ip netns exec $n unshare --uts sh -c "echo $name > /proc/sys/kernel/hostname; $*"
`,
  );
  chmodSync(file, 0o755);
  return file;
}

/** Starts `unitsphere train …` from host A. */
function startTraining(agent, addresses, args) {
  const mpirun = [
    'mpirun.openmpi',
    '--allow-run-as-root --oversubscribe --bind-to none',
    `--host ${addresses.map((address) => `${address}:${2 / addresses.length}`).join(',')} -n 2`,
    `--mca plm_rsh_agent ${agent} --mca pml ob1 --mca btl tcp,self`,
    '--mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24',
    // A host that vanishes sends nothing, so the daemons must ask.
    '--mca oob_tcp_keepalive_time 5 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 3',
    `-x UNITSPHERE_MPI_TIMEOUT=${TIMEOUT}`,
    `${process.execPath} ${cli} train ${args.join(' ')}`,
  ].join(' ');
  const child = spawn(agent, [A.address, `exec ${mpirun}`], { stdio: ['ignore', 'pipe', 'pipe'] });
  const state = { output: '', ended: once(child, 'exit').then(([code]) => code) };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (state.output += text));
  return state;
}

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
  console.log(`link between the hosts: ${createHosts()}`);
  const agent = writeAgent(folder);
  const config = join(folder, 'config.yaml');
  writeFileSync(config, CONFIG);
  const metrics = join(folder, 'run/metrics.jsonl');
  const stepsDone = () => (existsSync(metrics) ? readFileSync(metrics, 'utf8').split('\n').length - 1 : 0);

  const training = startTraining(agent, [A.address, B.address], [config, '--output', folder]);
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
  const resumed = startTraining(agent, [A.address], ['--resume', join(folder, 'run'), '--set', steps]);
  check((await resumed.ended) === 0, `one host resumes and finishes at step ${before + 5}`, resumed);
  check(/resuming at step \d+/.test(resumed.output), 'it resumes from the checkpoint', resumed);
} finally {
  removeHosts();
  rmSync(folder, { recursive: true, force: true });
}
