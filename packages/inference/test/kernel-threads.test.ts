// Threads that fail, by a program that no network has.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createKernelSet } from '@unitsphere/ops';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { checkThreads } from '../src/threads/check-threads.js';
import { KernelThreads } from '../src/threads/kernel-threads.js';
import type { Stages } from '../src/threads/run-parts.js';

async function startThreads(count: number, patience?: number) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
  const threads = await KernelThreads.start(createKernelSet(memory), memory, count, patience);
  return { memory, threads };
}

/** Copies 64 floats from address 0 to an address, in a stage of one part for each address. */
const copyTo = (...addresses: number[]): Stages => [
  addresses.map((address) => [['activation', 0, 64, 0, address]]),
];

test('programs of other sizes take turns, after the memory has grown', async () => {
  const { memory, threads } = await startThreads(3);
  const copied = (address: number) => new Float32Array(memory.buffer, address, 64)[63];
  for (let round = 1; round < 40; round++) {
    memory.grow(1);
    const end = memory.buffer.byteLength - 256;
    new Float32Array(memory.buffer, 0, 64).fill(round);
    const program = round % 2 ? copyTo(1024, end) : [...copyTo(2048), ...copyTo(1024, 3072, end)];
    threads.load([program, program, program]);
    threads.run();
    expect([copied(1024), copied(end)]).toEqual([round, round]);
  }
  threads.close();
});

test('a run after a thread failed gives the reason', async () => {
  const { threads } = await startThreads(2);
  // The other thread has an address outside the memory. It may come too late for a part of the first runs.
  threads.load([copyTo(1024, 2048), copyTo(1 << 30, 1 << 30)]);
  await expect(async () => {
    for (;;) {
      threads.run();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }).rejects.toThrow(/^A thread of the network failed: .* Compile or load the network again\.$/);
  expect(() => threads.run()).toThrow('A thread of the network failed');
  threads.close();
  expect(() => threads.run()).toThrow('A thread of the network failed');
});

test('a thread that ended in the middle of its work is an error after some time', async () => {
  const { threads } = await startThreads(2, 50);
  const times = (length: number): Stages[0][0] =>
    Array.from({ length }, () => ['activation', 0, 8192, 6, 32_768]);
  // Milliseconds for the caller, so that the other thread begins a part, which takes longer than the patience.
  const [short, long] = [times(100), times(50_000)];
  threads.load([[[short, short]], [[long, long]]]);
  expect(() => {
    for (let run = 0; run < 1000; run++) threads.run();
  }).toThrow('A thread of the network failed: it did not finish its work.');
  threads.close();
});

test('checks the number of threads', () => {
  for (const threads of [0, 1.5, Number.NaN]) expect(() => checkThreads(threads)).toThrow(RangeError);
  const shared = globalThis.SharedArrayBuffer;
  try {
    Reflect.deleteProperty(globalThis, 'SharedArrayBuffer');
    checkThreads(1);
    expect(() => checkThreads(2)).toThrow(
      '2 threads require SharedArrayBuffer, which this page does not have. Serve the page with the headers ' +
        'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, or set `threads` to 1.',
    );
  } finally {
    globalThis.SharedArrayBuffer = shared;
  }
});

test('threads that are not closed do not keep the process running', { timeout: 20_000 }, async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { createKernelSet } from '@unitsphere/ops';
        import { KernelThreads } from './src/threads/kernel-threads.ts';
        const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true });
        KernelThreads.start(createKernelSet(memory), memory, 3).then((threads) => {
          const program = [[[['activation', 0, 64, 0, 1024]]]];
          threads.load([program, program, program]);
          threads.run();
          console.log('ran');
        });`,
      resolveDir: fileURLToPath(new URL('..', import.meta.url)),
    },
    bundle: true,
    platform: 'node',
    logLevel: 'error',
    write: false,
  });
  const { stdout, status } = spawnSync(process.execPath, ['-'], {
    input: outputFiles[0].text,
    timeout: 15_000,
    encoding: 'utf8',
  });
  expect([stdout, status]).toEqual(['ran\n', 0]);
});
