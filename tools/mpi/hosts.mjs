// Two network namespaces as two hosts with a link of 1 Gbit/s, and `mpirun` between them. Requires root and Open MPI.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The hosts: a network namespace, the name of its end of the link, and its address. */
export const HOSTS = [
  { namespace: 'unitsphere-a', link: 'us-a', address: '10.77.0.1' },
  { namespace: 'unitsphere-b', link: 'us-b', address: '10.77.0.2' },
];
const [A, B] = HOSTS;
/** The namespace of a relay that delays what the hosts send, and the other ends of their links. */
const RELAY = { namespace: 'unitsphere-relay', links: ['us-relay-a', 'us-relay-b'] };
/** Half of the delay of an exchange. */
const DELAY_US = 50;

const run = (command, ...args) => execFileSync(command, args, { encoding: 'utf8', stdio: 'pipe' });
export const within = ({ namespace }, ...args) => run('ip', 'netns', 'exec', namespace, ...args);
const isQuiet = (work) => {
  try {
    work();
    return true;
  } catch {
    return false;
  }
};

/** Creates the namespaces and the link. Returns a description of the link. */
export function createHosts() {
  return createDirectLink()
    ? `1 Gbit/s, ${2 * DELAY_US} µs`
    : '1 Gbit/s, without a delay because this kernel lacks netem';
}

/** Creates the namespaces and a link without a relay. Returns whether the link has a delay. */
function createDirectLink() {
  removeHosts();
  for (const { namespace } of HOSTS) run('ip', 'netns', 'add', namespace);
  connect({ ...A, name: A.link }, { ...B, name: B.link });
  const areDelayed = HOSTS.map((host) => {
    bringUp(host);
    const isDelayed = isQuiet(() => shape(host, 'netem', 'rate', '1gbit', 'delay', `${DELAY_US}us`));
    if (!isDelayed) limit(host);
    return isDelayed;
  });
  return areDelayed.every(Boolean);
}

/**
 * As `createHosts`, also in kernels that lack netem: there a relay between the hosts keeps each frame for a while. It requires a C
 * compiler. Its own work adds to the delay. Returns a description of the link.
 */
export async function createDelayedHosts() {
  if (createDirectLink()) return `1 Gbit/s, ${2 * DELAY_US} µs`;
  removeHosts();
  for (const { namespace } of [...HOSTS, RELAY]) run('ip', 'netns', 'add', namespace);
  for (const [i, host] of HOSTS.entries()) {
    const name = RELAY.links[i];
    connect({ ...host, name: host.link }, { ...RELAY, name });
    within(RELAY, 'ip', 'link', 'set', name, 'up');
    bringUp(host);
    limit(host);
  }
  const folder = mkdtempSync(join(tmpdir(), 'unitsphere-relay-'));
  try {
    const program = join(folder, 'delay-relay');
    run('cc', '-O2', '-o', program, fileURLToPath(new URL('./delay-relay.c', import.meta.url)));
    const relay = spawn(
      'ip',
      ['netns', 'exec', RELAY.namespace, program, ...RELAY.links, `${1000 * DELAY_US}`],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    // It prints a line when it is ready.
    await Promise.race([
      once(relay.stdout, 'data'),
      once(relay, 'exit').then(([code]) => {
        throw new Error(`the relay ended with code ${code}`);
      }),
    ]);
    relay.unref();
    relay.stdout.destroy();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return `1 Gbit/s, ${2 * DELAY_US} µs and the time of a relay, because this kernel lacks netem`;
}

function connect(one, other) {
  const end = ({ name, namespace }) => [name, 'netns', namespace];
  run('ip', 'link', 'add', ...end(one), 'type', 'veth', 'peer', 'name', ...end(other));
}

function bringUp(host) {
  within(host, 'ip', 'addr', 'add', `${host.address}/24`, 'dev', host.link);
  within(host, 'ip', 'link', 'set', 'lo', 'up');
  within(host, 'ip', 'link', 'set', host.link, 'up');
}

const shape = (host, ...rule) => within(host, 'tc', 'qdisc', 'add', 'dev', host.link, 'root', ...rule);

/** Limits what a host sends to 1 Gbit/s. */
function limit(host) {
  shape(host, 'tbf', 'rate', '1gbit', 'burst', '128kb', 'latency', '50ms');
}

export function removeHosts() {
  for (const { namespace } of [...HOSTS, RELAY]) {
    for (const pid of pidsOf({ namespace })) isQuiet(() => process.kill(pid, 'SIGKILL'));
    isQuiet(() => run('ip', 'netns', 'del', namespace));
  }
}

/** Returns the processes of a host. */
export function pidsOf({ namespace }) {
  try {
    return run('ip', 'netns', 'pids', namespace).split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Writes a program that runs a command on a host, as ssh does: AGENT ADDRESS COMMAND… */
export function writeAgent(folder) {
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

/**
 * Starts a command with `mpirun` from host A, over TCP.
 * @param {string} agent The program of `writeAgent`.
 * @param {readonly string[]} command
 * @param {{ hosts?: typeof HOSTS, ranks?: number, options?: readonly string[] }} [settings] `options` are more options of mpirun.
 */
export function startOnHosts(agent, command, { hosts = HOSTS, ranks = 2, options = [] } = {}) {
  const mpirun = [
    'mpirun.openmpi',
    '--allow-run-as-root --oversubscribe --bind-to none',
    `--host ${hosts.map(({ address }) => `${address}:${ranks / hosts.length}`).join(',')} -n ${ranks}`,
    `--mca plm_rsh_agent ${agent} --mca pml ob1 --mca btl tcp,self`,
    '--mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24',
    ...options,
    ...command,
  ].join(' ');
  const child = spawn(agent, [A.address, `exec ${mpirun}`], { stdio: ['ignore', 'pipe', 'pipe'] });
  const state = { output: '', ended: once(child, 'exit').then(([code]) => code) };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      state.output += text;
    });
  }
  return state;
}
