/** Thread that runs checks on the WASM backend with the native kernels that its environment selects. */
import { parentPort } from 'node:worker_threads';
import { runCheck } from '../run-check.js';

parentPort?.on('message', async (check: string) => {
  parentPort?.postMessage(await runCheck(check, 'wasm'));
});
