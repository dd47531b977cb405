/** Tests the versions and changelogs that `npm run release:version` makes for this repository's packages. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'unitsphere-release-'));
/** The repository after its first release. */
const released = join(folder, 'released');

interface Manifest {
  name: string;
  version: string;
  private?: boolean;
  dependencies?: Record<string, string>;
}

function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

const changeset = (cwd: string, ...args: string[]) =>
  run(cwd, process.execPath, join(root, 'node_modules', '@changesets', 'cli', 'bin.js'), ...args);

const version = (cwd: string) => run(cwd, process.execPath, join(root, 'tools', 'workspace', 'version.mjs'));

function commit(cwd: string): void {
  run(cwd, 'git', 'add', '--all');
  run(
    cwd,
    'git',
    '-c',
    'user.name=release',
    '-c',
    'user.email=release@localhost',
    'commit',
    '--quiet',
    '-m',
    'release',
  );
}

/** Copies the current manifests and changesets, which are all that changesets reads. */
function copyRepository(to: string): void {
  const files = run(root, 'git', 'ls-files', '--cached', '--others', '--exclude-standard', '-z')
    .split('\0')
    .filter((path) => /(^|\/)package\.json$|^\.changeset\//.test(path))
    // Other tools are not workspaces.
    .filter((path) => !path.startsWith('tools/') || path.startsWith('tools/testing/'));
  for (const path of files) {
    mkdirSync(join(to, dirname(path)), { recursive: true });
    cpSync(join(root, path), join(to, path));
  }
  run(to, 'git', 'init', '--quiet', '--initial-branch=main');
  commit(to);
}

function manifests(of: string): Map<string, Manifest & { folder: string }> {
  return new Map(
    ['packages', 'apps']
      .flatMap((parent) => readdirSync(join(of, parent)).map((name) => join(of, parent, name)))
      .map((path) => ({
        ...(JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Manifest),
        folder: path,
      }))
      .map((manifest) => [manifest.name, manifest]),
  );
}

const published = (of: string) => [...manifests(of).values()].filter((manifest) => !manifest.private);

const versions = (of: string) =>
  Object.fromEntries(published(of).map(({ name, version }) => [name, version]));

const changelog = (of: string, name: string) =>
  readFileSync(join(manifests(of).get(name)!.folder, 'CHANGELOG.md'), 'utf8');

/** Copies the repository `from` and releases it with one changeset. */
function release(
  name: string,
  bumps: Record<string, 'patch' | 'minor' | 'major'>,
  prepare = (_: string) => {},
  from = released,
): string {
  const to = join(folder, name);
  cpSync(from, to, { recursive: true });
  prepare(to);
  const lines = Object.entries(bumps).map(([of, bump]) => `'${of}': ${bump}\n`);
  writeFileSync(join(to, '.changeset', `${name}.md`), `---\n${lines.join('')}---\n\nWhat ${name} is.\n`);
  commit(to);
  version(to);
  return to;
}

/** Returns whether the range ^0.y.z includes a version of 0.x, as in npm. */
function accepts(range: string, version: string): boolean {
  const [[, , minor, patch], [, minorOf, patchOf]] = [
    /^\^(\d+)\.(\d+)\.(\d+)$/.exec(range)!,
    version.split('.'),
  ].map((parts) => [...parts]);
  return minor === minorOf && Number(patchOf) >= Number(patch);
}

/** Expects that all packages of a release can be installed together. */
function expectConsistent(of: string): void {
  const all = versions(of);
  for (const { name, dependencies = {} } of published(of)) {
    for (const [dependency, range] of Object.entries(dependencies)) {
      if (all[dependency])
        expect(accepts(range, all[dependency]), `${name} takes ${dependency} ${range}`).toBe(true);
    }
  }
}

beforeAll(() => {
  copyRepository(released);
  version(released);
  commit(released);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a release', { timeout: 60_000 }, () => {
  test('gives every package 0.1.0 and a changelog at first', () => {
    for (const { name, version } of published(released)) {
      expect([name, version]).toEqual([name, '0.1.0']);
      expect(changelog(released, name)).toMatch(/^# .+\n\n## 0\.1\.0\n\n### (Minor|Patch) Changes\n\n- /);
    }
    expectConsistent(released);
    expect(readdirSync(join(released, '.changeset'))).toEqual(['config.json']);
    for (const { name, private: own, version } of manifests(released).values()) {
      if (own) expect([name, version]).toEqual([name, '0.0.0']);
    }
  });

  test('releases only margin-losses for a patch in margin-losses', () => {
    const to = release('a-patch', { '@unitsphere/margin-losses': 'patch' });
    expect(versions(to)).toEqual({ ...versions(released), '@unitsphere/margin-losses': '0.1.1' });
    expect(changelog(to, '@unitsphere/margin-losses')).toMatch(
      /^# @unitsphere\/margin-losses\n\n## 0\.1\.1\n\n### Patch Changes\n\n- (\w+: )?What a-patch is\.\n\n## 0\.1\.0\n/,
    );
    expect(changelog(to, '@unitsphere/partial-fc')).toBe(changelog(released, '@unitsphere/partial-fc'));
    expectConsistent(to);
  });

  // Before 1.0 a caret range ends at the next minor version, so breaking changes are minor releases.
  test('gives core and all its dependents a new minor version for a breaking change of core', () => {
    const to = release('a-break', { '@unitsphere/core': 'minor' });
    const reaches = (name: string): boolean =>
      name === '@unitsphere/core' ||
      Object.keys(manifests(released).get(name)?.dependencies ?? {}).some((other) => reaches(other));
    for (const { name, version } of published(to)) {
      expect([name, version]).toEqual([name, reaches(name) ? '0.2.0' : '0.1.0']);
    }
    expect(versions(to)['@unitsphere/ops']).toBe('0.1.0');
    expect(versions(to)['@unitsphere/norms']).toBe('0.2.0');
    expect(changelog(to, '@unitsphere/core')).toMatch(
      /## 0\.2\.0\n\n### Minor Changes\n\n- (\w+: )?What a-break is\./,
    );
    expect(changelog(to, '@unitsphere/norms')).toMatch(
      /## 0\.2\.0\n[\s\S]*@unitsphere\/core@0\.2\.0[\s\S]*## 0\.1\.0/,
    );
    expectConsistent(to);
  });

  test('releases a later patch within the previous range, and no other package', () => {
    const broken = join(folder, 'a-break');
    commit(broken);
    const to = release('a-late-patch', { '@unitsphere/margin-losses': 'patch' }, () => {}, broken);
    expect(versions(to)).toEqual({ ...versions(broken), '@unitsphere/margin-losses': '0.1.1' });
    expectConsistent(to);
  });

  test('gives core 1.0.0 and all its dependents a breaking version for a major change of core', () => {
    const to = release('a-major', { '@unitsphere/core': 'major' });
    expect(versions(to)).toMatchObject({
      '@unitsphere/core': '1.0.0',
      '@unitsphere/norms': '0.2.0',
      unitsphere: '0.2.0',
      '@unitsphere/ops': '0.1.0',
    });
  });

  test('starts a new package at 0.1.0 and releases no other', () => {
    const to = release('a-new-package', { '@unitsphere/brand-new': 'minor' }, (of) => {
      mkdirSync(join(of, 'packages', 'brand-new'));
      const manifest = {
        name: '@unitsphere/brand-new',
        version: '0.0.0',
        dependencies: { '@unitsphere/core': '^0.1.0' },
      };
      writeFileSync(join(of, 'packages', 'brand-new', 'package.json'), JSON.stringify(manifest));
    });
    expect(versions(to)).toEqual({ ...versions(released), '@unitsphere/brand-new': '0.1.0' });
    expect(changelog(to, '@unitsphere/brand-new')).toMatch(/## 0\.1\.0[\s\S]*What a-new-package is\./);
    expectConsistent(to);
  });

  test('makes pre-releases of the next version, and ends them with that version', () => {
    const to = release('a-preview', { '@unitsphere/margin-losses': 'patch' }, (of) =>
      changeset(of, 'pre', 'enter', 'next'),
    );
    expect(versions(to)['@unitsphere/margin-losses']).toBe('0.1.1-next.0');
    commit(to);
    changeset(to, 'pre', 'exit');
    version(to);
    expect(versions(to)['@unitsphere/margin-losses']).toBe('0.1.1');
    expectConsistent(to);
  });
});
