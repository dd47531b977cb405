import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { checkBinary, describeFacts, releaseProblems } from '../scripts/check-binary.mjs';
import { inspectBinary } from '../scripts/inspect-binary.mjs';

const folder = mkdtempSync(join(tmpdir(), 'unitsphere-native-binary-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Reads a library that was compiled from fixtures/library.c. */
const library = (name: string) => gunzipSync(readFileSync(new URL(`fixtures/${name}.gz`, import.meta.url)));

function check(target: { os: string; cpu: string; libc?: string }, bytes: Uint8Array) {
  const file = join(folder, 'library');
  writeFileSync(file, bytes);
  return checkBinary(target, file);
}

describe('inspectBinary', () => {
  test('reads a library of Linux', () => {
    expect(inspectBinary(library('linux-arm64.so'))).toEqual({
      os: 'linux',
      cpu: 'arm64',
      exports: ['napi_register_module_v1', 'other'],
      libraries: ['libc.so.6'],
      glibc: '2.17',
    });
  });

  test('reads a library of macOS', () => {
    expect(inspectBinary(library('darwin-arm64.dylib'))).toEqual({
      os: 'darwin',
      cpu: 'arm64',
      exports: expect.arrayContaining(['napi_register_module_v1', 'other']),
      libraries: ['/usr/lib/libSystem.B.dylib'],
      macos: '11.0',
      isSigned: true,
    });
  });

  test('reads a library of Windows', () => {
    expect(inspectBinary(library('win32-x64.dll'))).toEqual({
      os: 'win32',
      cpu: 'x64',
      exports: ['napi_register_module_v1', 'other'],
      libraries: ['KERNEL32.dll'],
    });
  });

  test('refuses another file', () => {
    expect(() => inspectBinary(Buffer.from('#!/bin/sh\nexit 0\n'))).toThrow(/not a library of Linux, macOS/);
  });
});

describe('checkBinary', () => {
  test.each([
    ['linux-arm64.so', { os: 'linux', cpu: 'arm64', libc: 'glibc' }],
    ['darwin-arm64.dylib', { os: 'darwin', cpu: 'arm64' }],
    ['win32-x64.dll', { os: 'win32', cpu: 'x64' }],
  ])('accepts %s for its system', (name, target) => {
    const { facts, problems } = check(target, library(name));
    expect(problems).toEqual([]);
    expect(describeFacts(facts)).toMatch(/^(x64|arm64); .*MB packed; loads /);
  });

  test('names another system, and libraries of another C library', () => {
    expect(check({ os: 'linux', cpu: 'x64', libc: 'musl' }, library('linux-arm64.so')).problems).toEqual([
      'is for linux on arm64 instead of linux on x64',
      'requires libc.so.6, which a system may lack',
    ]);
  });

  test('names a library that is no addon', () => {
    const bytes = library('win32-x64.dll');
    bytes.write('nope', bytes.indexOf('napi_register_module_v1'));
    expect(check({ os: 'win32', cpu: 'x64' }, bytes).problems).toEqual([
      'does not export napi_register_module_v1, which Node.js calls',
    ]);
  });

  test('names a library of macOS that was changed after it was signed', () => {
    const bytes = library('darwin-arm64.dylib');
    bytes[64] ^= 1;
    expect(check({ os: 'darwin', cpu: 'arm64' }, bytes).problems).toEqual([
      'has no valid signature, without which macOS on arm64 loads no code',
    ]);
  });

  test('names a version of glibc that systems of Node.js may lack', () => {
    const bytes = library('linux-arm64.so');
    bytes.write('GLIBC_2.34', bytes.indexOf('GLIBC_2.17'));
    expect(check({ os: 'linux', cpu: 'arm64', libc: 'glibc' }, bytes).problems).toEqual([
      'requires glibc 2.34, but Node.js supports 2.28',
    ]);
  });

  test('names a binary above the size budget', () => {
    const noise = Uint32Array.from(
      { length: 300_000 },
      (_, i) => Math.imul(i ^ 0x9e3779b9, 0x85ebca6b) ^ (i << 13),
    );
    const bytes = Buffer.concat([library('linux-arm64.so'), Buffer.from(noise.buffer)]);
    expect(check({ os: 'linux', cpu: 'arm64', libc: 'glibc' }, bytes).problems).toEqual([
      expect.stringMatching(/^has \d+ bytes packed, above the budget of 1000000$/),
    ]);
  });
});

test('a release requires every platform', () => {
  const problems = releaseProblems(folder);
  expect(problems).toHaveLength(7);
  expect(problems[0]).toBe('linux-x64-gnu is not built. Run npm run build:native -- --all.');
});
