// A page that trains in a Web Worker.
const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
worker.onmessage = ({ data }) => Object.assign(globalThis, { outcome: data });
worker.onerror = ({ message }) =>
  Object.assign(globalThis, { outcome: { error: `The worker failed: ${message}` } });
