import { useBackend } from '@unitsphere/backends';
import { train } from './train';

async function run(): Promise<string> {
  if ('document' in globalThis) throw new Error('This module does not run in a worker.');
  await useBackend('wasm', { wasmPaths: '/wasm/' });
  const text = await train();
  await import('./readme/core-1');
  return text;
}

run().then(
  (text) => postMessage({ text }),
  (error: Error) => postMessage({ error: `${error.message}\n${error.stack}` }),
);
