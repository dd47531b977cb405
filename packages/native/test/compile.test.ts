import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { hostTarget, missingFor } from '../scripts/compile.mjs';
import { findTarget } from '../scripts/targets.mjs';

const folder = mkdtempSync(join(tmpdir(), 'unitsphere-native-compile-'));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const HOST = 'x86_64-unknown-linux-gnu';
const MAC = 'aarch64-apple-darwin';

/** Writes a program that the scripts find in PATH. */
function program(name: string, script: string) {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

// The programs are shell scripts.
describe.skipIf(process.platform === 'win32')('what a build lacks', () => {
  beforeEach(() => {
    vi.stubEnv('PATH', folder);
    mkdirSync(join(folder, HOST), { recursive: true });
    mkdirSync(join(folder, MAC), { recursive: true });
    program('cargo', 'true');
    program('rustc', `case "$1" in -vV) echo "host: ${HOST}";; *) echo "${folder}/$4";; esac`);
  });

  test('nothing with cargo, the standard library and cargo-zigbuild', () => {
    expect(hostTarget()).toBe(HOST);
    expect(missingFor(findTarget(MAC), HOST)).toBeUndefined();
    expect(missingFor(findTarget(HOST), HOST, true)).toBeUndefined();
  });

  test('cargo', () => {
    rmSync(join(folder, 'cargo'));
    expect(hostTarget()).toBeUndefined();
    expect(missingFor(findTarget(MAC), hostTarget())).toBe('cargo is not installed. See https://rustup.rs.');
  });

  test('the standard library of the target', () => {
    rmSync(join(folder, MAC), { recursive: true });
    expect(missingFor(findTarget(MAC), HOST)).toBe(
      `Rust's standard library for ${MAC} is not installed. Run rustup target add ${MAC}.`,
    );
  });

  test('cargo-zigbuild, for other systems and for releases', () => {
    program('cargo', 'test "$1" = --version');
    const missing = 'cargo-zigbuild is not installed. Run pip install cargo-zigbuild ziglang.';
    expect(missingFor(findTarget(MAC), HOST)).toBe(missing);
    expect(missingFor(findTarget(HOST), HOST, true)).toBe(missing);
    expect(missingFor(findTarget(HOST), HOST)).toBeUndefined();
  });

  test('Windows, for its own toolchain', () => {
    expect(missingFor(findTarget('x86_64-pc-windows-msvc'), HOST)).toMatch(/built on Windows/);
  });
});

test('an unknown target is refused with the known ones', () => {
  expect(() => findTarget('mips')).toThrow(
    /^mips is not a known target\. Use one of x86_64-unknown-linux-gnu, /,
  );
});
