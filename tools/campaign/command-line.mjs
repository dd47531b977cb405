import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../apps/trainer/bin/unitsphere.js', import.meta.url));

/** Settings of a training that takes a second. */
export const TINY = [
  ...['--backend', 'wasm', '--set', 'data.imageSize=32', '--set', 'data.workers=1'],
  ...['--set', 'model.backbone=lcnet_035', '--set', 'model.embeddingSize=16', '--set', 'training.replicas=1'],
  ...['--set', 'training.batchSize=4', '--set', 'training.checkpointEvery=2', '--set', 'training.steps=8'],
];

/**
 * Runs the built command line.
 * @param {readonly string[]} args
 * @param {{ cwd: string, env?: Record<string, string> }} options
 * @returns {Promise<{ code: number | null, stderr: string }>}
 */
export function unitsphere(args, { cwd, env }) {
  const child = spawn(process.execPath, [cli, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stderr })));
}

/** Whether a command ended as it must: with success, or with a message that says what to do. */
export const isExplained = ({ code, stderr }) =>
  (code === 0 || code === 2) && !stderr.includes('bug in unitsphere');
