// Two network namespaces as two hosts with a link of 1 Gbit/s, and `mpirun` between them. Requires root and Open MPI.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The hosts: a network namespace, the name of its end of the link, and its address. */
export const HOSTS = [
  { namespace: 'unitsphere-a', link: 'us-a', address: '10.77.0.1' },
  { namespace: 'unitsphere-b', link: 'us-b', address: '10.77.0.2' },
];
const [A, B] = HOSTS;

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
  return isDelayed ? '1 Gbit/s, 100 µs' : '1 Gbit/s, without a delay because this kernel lacks netem';
}

export function removeHosts() {
  for (const { namespace } of HOSTS) {
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
