// Child processes that end with this one. Each has its own process group, which `endAll` kills.
import { spawn } from 'node:child_process';

const running = new Set();

/** Ends every child and its descendants. */
export function endAll() {
  for (const child of running) {
    try {
      if (process.platform === 'win32') child.kill();
      else process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The child has already ended.
    }
  }
}

/** Starts a command. `child.output()` returns its output so far, and the promise `child.ended` its exit status. */
export function start(command, args, { cwd, env = cleanEnvironment() } = {}) {
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  child.output = () => output;
  running.add(child);
  child.ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      running.delete(child);
      resolve(status ?? signal);
    });
  });
  return child;
}

/**
 * Runs a command to its end.
 * @returns Its output on both streams.
 * @throws Error with the end of the output if the command fails or takes longer than `minutes`.
 */
export async function run(command, args, { minutes = 4, ...options } = {}) {
  const child = start(command, args, options);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
  }, minutes * 60_000);
  const status = await child.ended.finally(() => clearTimeout(timer));
  if (status !== 0) {
    const why = late ? `took longer than ${minutes} minutes` : `ended with ${status}`;
    throw new Error(`${[command, ...args].join(' ')} ${why}\n${child.output().trim().slice(-4000)}`);
  }
  return child.output();
}

/** Returns the environment without the variables of `npm run`, so that npm reads the settings of a consumer's folder. */
export function cleanEnvironment(more = {}) {
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) && name !== 'INIT_CWD');
  return { ...Object.fromEntries(kept), ...more };
}
