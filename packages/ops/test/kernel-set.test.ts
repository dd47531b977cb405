import { afterEach, expect, test } from 'vitest';
import { createKernelSet } from '../src/index.js';
import { decodeBase64 } from '../src/wasm/base64.js';
import { relaxedSimdBytes, simdBytes } from '../src/wasm/kernels.generated.js';
import { importSharedMemory } from '../src/wasm/share-memory.js';

afterEach(() => {
  process.env['UNITSPHERE_NATIVE'] = '0';
});

test.each(['0', '1'])('kernels on shared memory are those of WebAssembly, with native %s', (native) => {
  process.env['UNITSPHERE_NATIVE'] = native;
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
  const set = createKernelSet(memory);
  expect(set.native).toBeUndefined();
  const values = new Float32Array(memory.buffer, 0, 512);
  values.set(Float32Array.from({ length: 256 }, (_, i) => i - 128));
  // Another instance of the module sees the same memory, as those of other threads do.
  const other = new WebAssembly.Instance(set.module, { env: { memory } })
    .exports as unknown as typeof set.kernels;
  set.kernels['addActivation'](0, 0, 128, 0, 1024);
  other['addActivation'](512, 512, 128, 0, 1536);
  expect(values.slice(256)).toEqual(Float32Array.from({ length: 256 }, (_, i) => 2 * (i - 128)));
});

test('both builds accept a memory that threads share', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
  // Enables relaxed SIMD in Node 20.
  createKernelSet(memory);
  for (const text of [simdBytes, relaxedSimdBytes]) {
    const bytes = decodeBase64(text);
    const module = new WebAssembly.Module(importSharedMemory(bytes));
    expect(WebAssembly.Module.exports(module)).toEqual(
      WebAssembly.Module.exports(new WebAssembly.Module(bytes)),
    );
    expect(() => new WebAssembly.Instance(module, { env: { memory } })).not.toThrow();
    expect(() => importSharedMemory(bytes.subarray(0, 8))).toThrow('do not import a memory as they should');
  }
});
