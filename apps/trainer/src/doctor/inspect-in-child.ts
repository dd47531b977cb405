import { fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InspectedBackend } from './inspect-backends.js';

/**
 * Inspects the backends in another process, because their native libraries write notices to standard error, and a crash of one
 * must not end the command.
 * @throws Error if the process ends without a result.
 */
export function inspectInChild(): Promise<InspectedBackend[]> {
  const own = fileURLToPath(import.meta.url);
  const file = new URL(`./doctor-child${extname(own)}`, import.meta.url);
  const child = fork(fileURLToPath(file), { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  return new Promise((resolve, reject) => {
    child.on('message', (backends) => resolve(backends as InspectedBackend[]));
    child.on('error', reject);
    child.on('close', (code, signal) =>
      reject(new Error(`the process that starts the backends ended with ${signal ?? `exit code ${code}`}.`)),
    );
  });
}
