import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { stagePackages } from '../scripts/stage-packages.mjs';
import { releasedTargets } from '../scripts/targets.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'unitsphere-native-packages-'));
const [from, binaries] = [join(folder, 'package'), join(folder, 'binaries')];
const installed = join(folder, 'node_modules', '@unitsphere');
const manifestOf = (path: string) => JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
let staged: { name: string; folder: string }[] = [];

beforeAll(() => {
  mkdirSync(join(from, 'dist'), { recursive: true });
  mkdirSync(binaries);
  const manifest = manifestOf(fileURLToPath(new URL('..', import.meta.url)));
  writeFileSync(join(from, 'package.json'), JSON.stringify({ ...manifest, version: '1.2.3-next.0' }));
  writeFileSync(join(from, 'README.md'), '# Kernels');
  buildSync({
    entryPoints: [fileURLToPath(new URL('../src/find-binary.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
    outfile: join(from, 'dist', 'index.cjs'),
  });
  for (const { platform } of releasedTargets()) {
    writeFileSync(join(binaries, `native.${platform}.node`), platform);
    writeFileSync(join(binaries, `native.${platform}.node.md`), 'licenses');
  }
  staged = stagePackages({ from, binaries });
  for (const { name, folder: path } of staged)
    cpSync(path, join(installed, name.replace('@unitsphere/', '')), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Returns what the installed package finds while the process seems to run on a system. */
function find({ platform, arch, glibc }: { platform: string; arch: string; glibc?: string }) {
  const { findBinary, platformName } = createRequire(join(folder, 'index.js'))('@unitsphere/native');
  const own = [process.platform, process.arch];
  const simulate = (values: string[]) =>
    ['platform', 'arch'].map((name, i) => Object.defineProperty(process, name, { value: values[i] }));
  const report = vi
    .spyOn(process.report, 'getReport')
    .mockReturnValue({ header: { glibcVersionRuntime: glibc } } as object);
  try {
    simulate([platform, arch]);
    return { name: platformName(), path: findBinary() };
  } finally {
    simulate(own);
    report.mockRestore();
  }
}

test.each([
  ['linux-x64-gnu', { platform: 'linux', arch: 'x64', glibc: '2.28' }],
  ['linux-x64-musl', { platform: 'linux', arch: 'x64' }],
  ['linux-arm64-gnu', { platform: 'linux', arch: 'arm64', glibc: '2.40' }],
  ['linux-arm64-musl', { platform: 'linux', arch: 'arm64' }],
  ['darwin-x64', { platform: 'darwin', arch: 'x64' }],
  ['darwin-arm64', { platform: 'darwin', arch: 'arm64' }],
  ['win32-x64-msvc', { platform: 'win32', arch: 'x64' }],
])('finds the platform package %s', (name, system) => {
  const found = find(system);
  expect(found).toEqual({
    name,
    path: join(installed, `native-${name}`, `native.${name}.node`),
  });
  expect(readFileSync(found.path, 'utf8')).toBe(name);
});

test.each([
  ['win32-arm64-msvc', { platform: 'win32', arch: 'arm64' }],
  ['linux-ppc64-gnu', { platform: 'linux', arch: 'ppc64', glibc: '2.34' }],
  ['freebsd-x64', { platform: 'freebsd', arch: 'x64' }],
])('finds nothing for %s, which has no platform package', (name, system) => {
  expect(find(system)).toEqual({ name, path: undefined });
});

test('prefers UNITSPHERE_NATIVE_PATH, then the binary built in the package', () => {
  const system = { platform: 'darwin', arch: 'arm64' };
  vi.stubEnv('UNITSPHERE_NATIVE_PATH', '/elsewhere.node');
  expect(find(system).path).toBe('/elsewhere.node');
  vi.unstubAllEnvs();
  const built = join(installed, 'native', 'binaries', 'native.darwin-arm64.node');
  mkdirSync(join(built, '..'));
  writeFileSync(built, '');
  expect(find(system).path).toBe(built);
  rmSync(join(built, '..'), { recursive: true });
});

test('each platform package has its system, its version and its licenses, and no script', () => {
  expect(staged.map(({ name }) => name)).toEqual([
    ...releasedTargets().map(({ platform }) => `@unitsphere/native-${platform}`),
    '@unitsphere/native',
  ]);
  for (const { platform, os, cpu, libc } of releasedTargets()) {
    const path = join(installed, `native-${platform}`);
    const binary = `native.${platform}.node`;
    const { scripts, ...manifest } = manifestOf(path);
    expect(manifest).toMatchObject({ version: '1.2.3-next.0', main: binary, os: [os], cpu: [cpu] });
    expect(manifest.libc).toEqual(libc && [libc]);
    expect(scripts).toBeUndefined();
    expect(readdirSync(path).sort()).toEqual(
      ['LICENSE', 'README.md', 'THIRD_PARTY.md', binary, 'package.json'].sort(),
    );
  }
});

test('the main package requires the platform packages of exactly its own version', () => {
  const { version, optionalDependencies, scripts, publishConfig } = manifestOf(join(installed, 'native'));
  expect(optionalDependencies).toEqual(
    Object.fromEntries(releasedTargets().map(({ platform }) => [`@unitsphere/native-${platform}`, version])),
  );
  expect(scripts).toBeUndefined();
  expect(publishConfig).toEqual({ access: 'public' });
  expect(readFileSync(join(installed, 'native', 'LICENSE'), 'utf8')).toBe(
    readFileSync(join(root, 'LICENSE'), 'utf8'),
  );
});

test('without binaries, the main package requires none', () => {
  const to = join(folder, 'none');
  expect(stagePackages({ from, binaries: join(folder, 'absent'), to }).map(({ name }) => name)).toEqual([
    '@unitsphere/native',
  ]);
  expect(manifestOf(join(to, 'native'))).not.toHaveProperty('optionalDependencies');
});
