import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { backends } from '@unitsphere/testing/backends';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type BackendDescription, describeBackends, GpuError, useBackend } from '../src/index.js';

const described = await describeBackends();
const [cuda, webgpu] = ['cuda', 'webgpu'].map(
  (name) => described.find((backend) => backend.name === name)!,
) as [BackendDescription, BackendDescription];

describe.each(['wasm', 'cpu'] as const)('%s', (name) => {
  test('starts and computes', async () => {
    const used = await useBackend(name);
    expect(used).toEqual({ name, reason: `"${name}" was requested by name.` });
    expect(tf.getBackend()).toBe(name);
    const before = tf.memory().numTensors;
    const product = tf.tidy(() =>
      tf.matMul(
        tf.tensor2d([
          [1, 2],
          [3, 4],
        ]),
        tf.tensor2d([
          [5, 6],
          [7, 8],
        ]),
      ),
    );
    expect([...(await product.data())]).toEqual([19, 22, 43, 50]);
    product.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('can be started again, and keeps tensors of the other backend usable', async () => {
    await useBackend(name === 'wasm' ? 'cpu' : 'wasm');
    const x = tf.tensor1d([1, 2, 3]);
    await useBackend(name);
    await useBackend(name);
    const y = tf.add(x, x);
    expect([...(await y.data())]).toEqual([2, 4, 6]);
    tf.dispose([x, y]);
  });
});

describe('wasm', () => {
  test('runs the SIMD binary', async () => {
    await useBackend('wasm');
    expect(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')).toBe(true);
  });

  test('is refused by name without SIMD, and skipped by auto with the reason', async () => {
    const validate = vi.spyOn(WebAssembly, 'validate').mockReturnValue(false);
    try {
      await expect(useBackend('wasm')).rejects.toThrowErrorMatchingInlineSnapshot(
        `[BackendUnavailableError: The backend "wasm" cannot be used: this JavaScript engine does not support WebAssembly with 128-bit SIMD. Use the backend "cpu", or a newer browser or Node (20.19 or later).]`,
      );
      const used = await useBackend('auto');
      expect(used.name).toBe(backends.includes('node') ? 'node' : 'cpu');
      expect(used.reason).toContain(
        '"wasm" is faster, but this JavaScript engine does not support WebAssembly',
      );
    } finally {
      validate.mockRestore();
    }
  });
});

// The errors are real: the tests cause them on the device.
describe.skipIf(!webgpu.available)('webgpu', () => {
  const device = () =>
    (tf.backend() as unknown as { device: GPUDevice & { adapterInfo?: GPUAdapterInfo } }).device;

  test("describes the adapter, and starts a device with the adapter's features and limits", async () => {
    const { adapter, detail } = webgpu;
    expect(detail).toContain(adapter!.name);
    expect(detail.includes('software adapter')).toBe(adapter!.software);
    await useBackend('webgpu');
    expect(tf.getBackend()).toBe('webgpu');
    expect(device().features.has('subgroups' as GPUFeatureName)).toBe(adapter!.subgroups);
    expect(device().features.has('shader-f16')).toBe(adapter!.f16);
    expect(device().limits.maxStorageBufferBindingSize).toBe(adapter!.maxBindingBytes);
    expect(device().limits.maxBufferSize).toBe(adapter!.maxBufferBytes);
    const sum = tf.add(tf.tensor1d([1, 2]), 1);
    expect([...(await sum.data())]).toEqual([2, 3]);
  });

  test('throws an error of the device once, at the next use', async () => {
    await useBackend('webgpu');
    const x = tf.tensor1d([1, 2]);
    device().createShaderModule({ code: 'fn main( {' });
    await vi.waitFor(() => expect(() => tf.tensor1d([1])).toThrow(GpuError));
    expect([...(await tf.add(x, 1).data())]).toEqual([2, 3]);
    device().createBuffer({ size: device().limits.maxBufferSize + 4, usage: 128 });
    await vi.waitFor(() =>
      expect(() => tf.tensor1d([1])).toThrow(/larger than the GPU allows.*Use a smaller batch/),
    );
    expect([...(await tf.add(x, 1).data())]).toEqual([2, 3]);
  });

  test('throws at every use after the device is lost, until the backend is started again', async () => {
    await useBackend('webgpu');
    const x = tf.tensor1d([1, 2]);
    await tf.add(x, 1).data();
    const pending = tf.add(x, 2);
    device().destroy();
    for (let i = 0; i < 2; i++) {
      await expect(pending.data()).rejects.toThrow(/The GPU was lost .* Resume from the last checkpoint/);
    }
    await useBackend('webgpu');
    expect([...(await tf.add(tf.tensor1d([1, 2]), 1).data())]).toEqual([2, 3]);
  });
});

test('cpu starts without printing advice to install another backend', async () => {
  const warn = vi.spyOn(console, 'warn');
  await useBackend('cpu');
  tf.dispose(tf.add(1, 2));
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});

describe('useBackend', () => {
  test.skipIf(cuda.available)(
    'auto uses WebGPU only on a graphics card, and returns the reason',
    async () => {
      const used = await useBackend('auto');
      if (webgpu.available && !webgpu.adapter!.software) {
        expect(used).toEqual({
          name: 'webgpu',
          reason: '"webgpu" is the fastest backend of this version and works here.',
        });
      } else {
        expect(used.name).toBe('wasm');
        expect(used.reason).toContain(
          webgpu.available
            ? `"webgpu" is faster, but only on a graphics card: the adapter here is software (${webgpu.adapter!.name}).`
            : `"webgpu" is faster, but ${webgpu.reason}`,
        );
      }
    },
  );

  test.each([
    [
      'wsam',
      'Unknown backend "wsam". Did you mean "wasm"? This version has: auto, cuda, webgpu, wasm, node, cpu.',
    ],
    [
      'WASM',
      'Unknown backend "WASM". Did you mean "wasm"? This version has: auto, cuda, webgpu, wasm, node, cpu.',
    ],
    [
      'CPU',
      'Unknown backend "CPU". Did you mean "cpu"? This version has: auto, cuda, webgpu, wasm, node, cpu.',
    ],
    [
      'webgp',
      'Unknown backend "webgp". Did you mean "webgpu"? This version has: auto, cuda, webgpu, wasm, node, cpu.',
    ],
    ['tensorflow', 'Unknown backend "tensorflow". This version has: auto, cuda, webgpu, wasm, node, cpu.'],
  ])('refuses the unknown name %s', async (name, message) => {
    await expect(useBackend(name)).rejects.toThrow(new RangeError(message));
  });
});

test('describes every backend, with a reason and a remedy if it is not available', async () => {
  expect(described.map(({ name }) => name)).toEqual(['cuda', 'webgpu', 'wasm', 'node', 'cpu']);
  for (const { name, available, detail, version, reason, remedy } of described) {
    expect(detail).not.toBe('');
    if (['wasm', 'cpu'].includes(name)) expect(available).toBe(true);
    if (available) expect(version).toBe('4.22.0');
    else {
      expect(reason).not.toBe('');
      expect(remedy).not.toBe('');
    }
  }
});

// The package is bundled into a folder with tfjs-core and no backend, so that imports fail as for a user.
describe('without the backends installed', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'unitsphere-backends-'));
    mkdirSync(join(folder, 'node_modules', '@tensorflow'), { recursive: true });
    const core = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-core/package.json'));
    symlinkSync(core, join(folder, 'node_modules', '@tensorflow', 'tfjs-core'));
    for (const [format, file] of [
      ['esm', 'backends.mjs'],
      ['cjs', 'backends.cjs'],
    ] as const) {
      buildSync({
        entryPoints: [fileURLToPath(new URL('../src/index.ts', import.meta.url))],
        bundle: true,
        external: ['@tensorflow/*', 'webgpu'],
        platform: 'node',
        format,
        outfile: join(folder, file),
      });
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (file: string, code: string) => {
    writeFileSync(join(folder, file), code);
    // The cache is empty, so that a native backend installed on this machine is not found.
    const env = { ...process.env, XDG_CACHE_HOME: folder };
    return JSON.parse(execFileSync(process.execPath, [join(folder, file)], { encoding: 'utf8', env }));
  };
  const body = `const messages = [];
    for (const name of ['webgpu', 'wasm', 'cpu', 'auto']) await useBackend(name).catch((e) => messages.push(e.name + ': ' + e.message));
    console.log(JSON.stringify(messages));`;
  const expected = [
    'BackendUnavailableError: The backend "webgpu" cannot be used: the package webgpu is not installed. Install it: npm install webgpu @tensorflow/tfjs-backend-webgpu@4.22.0',
    'BackendUnavailableError: The backend "wasm" cannot be used: the package @tensorflow/tfjs-backend-wasm is not installed. Install it: npm install @tensorflow/tfjs-backend-wasm@4.22.0',
    'BackendUnavailableError: The backend "cpu" cannot be used: the package @tensorflow/tfjs-backend-cpu is not installed. Install it: npm install @tensorflow/tfjs-backend-cpu@4.22.0',
    'BackendUnavailableError: The backend "auto" cannot be used: no backend works here: "webgpu": the package webgpu is not installed. "wasm": the package @tensorflow/tfjs-backend-wasm is not installed. "cpu": the package @tensorflow/tfjs-backend-cpu is not installed. Install it: npm install webgpu @tensorflow/tfjs-backend-webgpu@4.22.0',
  ];

  test('reports the command that installs them, as an ES module', () => {
    expect(run('main.mjs', `import { useBackend } from './backends.mjs'; ${body}`)).toEqual(expected);
  });

  test('reports the command that installs them, as CommonJS', () => {
    expect(
      run('main.cjs', `const { useBackend } = require('./backends.cjs'); (async () => { ${body} })();`),
    ).toEqual(expected);
  });
});
