import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'unitsphere-native-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
const { version } = createRequire(import.meta.url)('../package.json');

/** Loads the package in a fresh state with an addon that is a CommonJS module. */
async function load(source: string | undefined, env: Record<string, string> = {}) {
  vi.resetModules();
  vi.unstubAllEnvs();
  const file = join(folder, `${Math.random()}.cjs`);
  if (source !== undefined) writeFileSync(file, source);
  for (const [name, value] of Object.entries({
    UNITSPHERE_NATIVE: '1',
    UNITSPHERE_NATIVE_ISA: '',
    UNITSPHERE_NATIVE_PATH: file,
    TMPDIR: folder,
    ...env,
  })) {
    vi.stubEnv(name, value);
  }
  return import('../src/index.js');
}

/** An addon in JavaScript that multiplies the two matrices of the trial. */
const addon = (changes = '') => `
exports.version = '${version}';
exports.supports = (isa) => isa !== 'avx512' && isa !== 'avx512bf16';
exports.bind = (memory, isa) => ({
  isa,
  gemm: () => new Float32Array(memory.buffer).set([19, 22, 43, 50], 24),
});
${changes}`;

const memory = () => new WebAssembly.Memory({ initial: 1 });

test('chooses the best instruction set that the processor supports', async () => {
  const native = await load(addon());
  const isa = process.arch === 'arm64' ? 'neon' : 'avx2';
  expect(native.nativeStatus()).toMatchObject({ isa, bfloat16: false, isExpected: true });
  expect(native.supportedIsas()).toEqual([isa]);
  expect(native.bindKernels(memory())).toMatchObject({ isa });
});

test.each([
  ['is missing', undefined, /no such file|ENOENT/],
  ['crashes', 'process.kill(process.pid, "SIGSEGV");', /crashed with SIGSEGV/],
  ['throws', 'throw new Error("wrong libc");', /wrong libc/],
  ['computes wrong values', addon('exports.bind = () => ({ gemm() {} });'), /wrong values: 0,0,0,0/],
  ['was built for another version', addon('exports.version = "9.9.9";'), /built for version 9\.9\.9/],
  ['is not a library of this platform', '\0', /./],
])('is not used if it %s', async (_state, source, detail) => {
  const native = await load(source);
  expect(native.nativeStatus()).toMatchObject({ bfloat16: false, isExpected: false });
  expect(native.nativeStatus().detail).toMatch(detail);
  expect(native.bindKernels(memory())).toBeUndefined();
  expect(native.supportedIsas()).toEqual([]);
});

test('is not used on a processor without its instruction sets', async () => {
  const native = await load(addon('exports.supports = () => false;'));
  expect(native.nativeStatus()).toMatchObject({ bfloat16: false, isExpected: true });
  expect(native.nativeStatus().detail).toMatch(/supports none of/);
});

test('UNITSPHERE_NATIVE=0 switches it off', async () => {
  const native = await load(addon(), { UNITSPHERE_NATIVE: '0' });
  expect(native.nativeStatus()).toMatchObject({
    bfloat16: false,
    isExpected: true,
    detail: 'switched off by UNITSPHERE_NATIVE=0',
  });
});

test('UNITSPHERE_NATIVE_ISA refuses an unknown instruction set', async () => {
  const native = await load(addon(), { UNITSPHERE_NATIVE_ISA: 'sse9' });
  expect(native.nativeStatus()).toMatchObject({ bfloat16: false, isExpected: false });
  expect(native.nativeStatus().detail).toMatch(/UNITSPHERE_NATIVE_ISA=sse9 is not one of/);
});
