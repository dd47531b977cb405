// A page that trains on the backend in its address. On WebAssembly it also runs README examples.
import { useBackend } from '@unitsphere/backends';
import { train } from './train';

const backend = new URLSearchParams(location.search).get('backend') as 'wasm' | 'webgpu';

async function run(): Promise<string> {
  await useBackend(backend, { wasmPaths: '/wasm/' });
  const text = await train();
  if (backend === 'wasm') {
    await import('./readme/ops-1');
    await import('./readme/data-3');
  }
  return text;
}

run().then(
  (text) => Object.assign(globalThis, { outcome: { text } }),
  (error: Error) => Object.assign(globalThis, { outcome: { error: `${error.message}\n${error.stack}` } }),
);
