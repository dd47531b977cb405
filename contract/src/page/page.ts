/** The contract in a browser's page, or in a worker of the page. chromium.ts calls it. */
import * as tf from '@tensorflow/tfjs-core';
import { type BackendDescription, describeBackends, useBackend } from '@unitsphere/backends';
import type { Outcome } from '../check.js';
import { runCheck } from '../run-check.js';

/** Functions of the page. */
export interface ContractPage {
  describeBackends(): Promise<BackendDescription[]>;
  /** Starts the WebAssembly backend with the `.wasm` files in a folder of the server. */
  startWasm(folder: string): Promise<{ threads: boolean; isolated: boolean }>;
  runCheck(name: string, backend: string): Promise<Outcome>;
}

/** Message from the page to its worker. */
export type Call<Method extends keyof ContractPage = keyof ContractPage> = {
  method: Method;
  args: Parameters<ContractPage[Method]>;
};

const page: ContractPage = {
  describeBackends,
  async startWasm(folder) {
    await useBackend('wasm', { wasmPaths: folder });
    return { threads: tf.env().getBool('WASM_HAS_MULTITHREAD_SUPPORT'), isolated: crossOriginIsolated };
  },
  runCheck,
};

const inWorker = !('document' in globalThis);
const contract = inWorker || !location.hash.includes('worker') ? page : startWorker();
if (inWorker) {
  addEventListener('message', async ({ data: { method, args } }: MessageEvent<Call>) => {
    const run = page[method] as (...args: unknown[]) => Promise<unknown>;
    try {
      postMessage({ result: await run(...args) });
    } catch (error) {
      postMessage({ error: String(error) });
    }
  });
}
Object.assign(globalThis, { contract });

/** Starts a worker and returns functions that run in it. Only one call may be pending at a time. */
function startWorker(): ContractPage {
  const worker = new Worker(new URL('contract.js', location.href), { type: 'module' });
  const call = (method: keyof ContractPage) =>
    ((...args: unknown[]) =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) =>
          'error' in data ? reject(new Error(data.error)) : resolve(data.result);
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.postMessage({ method, args });
      })) as never;
  return {
    describeBackends: call('describeBackends'),
    startWasm: call('startWasm'),
    runCheck: call('runCheck'),
  };
}
