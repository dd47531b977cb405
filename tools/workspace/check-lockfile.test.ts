import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkLockfiles } from './check-lockfile.mjs';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const integrity = `sha512-${'A'.repeat(86)}==`;
const clean = {
  '': { name: 'repository', workspaces: ['packages/own'] },
  'node_modules/own': { resolved: 'packages/own', link: true },
  'packages/own': { name: 'own', dependencies: { canvas: '1.0.0' } },
  'node_modules/canvas': {
    version: '1.0.0',
    integrity,
    optionalDependencies: { 'canvas-darwin-arm64': '1.0.0', '@canvas/win32-x64': '1.0.0' },
  },
  'node_modules/canvas-darwin-arm64': { version: '1.0.0', integrity, optional: true, os: ['darwin'] },
  'node_modules/canvas/node_modules/@canvas/win32-x64': { version: '1.0.0', integrity, optional: true },
};

/** Returns all problems of a repository with these lockfiles. */
function findProblems(
  lockfiles: Record<string, Record<string, object>>,
  installScripts: Record<string, string> = {},
): string {
  const repository = mkdtempSync(join(tmpdir(), 'unitsphere-lockfile-'));
  folders.push(repository);
  execFileSync('git', ['init', '--quiet'], { cwd: repository });
  for (const [path, packages] of Object.entries(lockfiles)) {
    mkdirSync(dirname(join(repository, path)), { recursive: true });
    writeFileSync(join(repository, path), JSON.stringify({ lockfileVersion: 3, packages }));
  }
  return checkLockfiles({ repository, installScripts })
    .map(({ problems }) => problems)
    .filter(Boolean)
    .join('\n');
}

test('finds no problem in the lockfiles of this repository', () => {
  const checks = checkLockfiles();
  expect(checks.length).toBe(4);
  for (const { name, problems } of checks) expect(problems, name).toBe('');
});

test('finds no problem in a complete lockfile', () => {
  expect(findProblems({ 'package-lock.json': clean })).toBe('');
});

test('names the platform packages that are not locked, in every lockfile', () => {
  const { 'node_modules/canvas-darwin-arm64': _, ...incomplete } = clean;
  expect(findProblems({ 'package-lock.json': clean, 'tools/checks/package-lock.json': incomplete })).toMatch(
    /^tools\/checks\/package-lock\.json: node_modules\/canvas requires canvas-darwin-arm64, which is not locked\./,
  );
});

test('looks for a platform package where Node would', () => {
  const { 'node_modules/canvas/node_modules/@canvas/win32-x64': moved, ...rest } = clean;
  const elsewhere = { ...rest, 'node_modules/other/node_modules/@canvas/win32-x64': moved };
  expect(findProblems({ 'package-lock.json': elsewhere })).toContain('requires @canvas/win32-x64');
});

test('refuses the address of a registry and a missing hash', () => {
  const resolved = 'https://registry.invalid/canvas-1.0.0.tgz';
  const problems = findProblems({
    'package-lock.json': { ...clean, 'node_modules/other': { version: '1.0.0', resolved } },
  });
  expect(problems).toContain('node_modules/other has no sha512 integrity.');
  expect(problems).toContain(`node_modules/other has the fixed address ${resolved}.`);
});

test('refuses an unknown install script, and an entry for a package without one', () => {
  const scripted = {
    ...clean,
    'node_modules/a/node_modules/@scope/native': { version: '1.0.0', integrity, hasInstallScript: true },
  };
  expect(findProblems({ 'package-lock.json': scripted })).toMatch(
    /node_modules\/a\/node_modules\/@scope\/native has an install script\..* add @scope\/native with the reason/,
  );
  expect(findProblems({ 'package-lock.json': scripted }, { '@scope/native': 'downloads nothing' })).toBe('');
  expect(findProblems({ 'package-lock.json': clean }, { '@scope/native': 'downloads nothing' })).toBe(
    'INSTALL_SCRIPTS of tools/workspace/check-lockfile.mjs: remove @scope/native.',
  );
});
