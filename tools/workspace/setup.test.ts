/** Tests the setup of a checkout, and by a Node, in a folder whose path has spaces, quotes and non-ASCII letters. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from './packages.mjs';

const temporary = mkdtempSync(join(tmpdir(), 'unitsphere-setup-'));
// Windows allows no double quotes in names.
const folder = join(temporary, `it's ${process.platform === 'win32' ? '' : '"one" '}& a fôlder 図 $HOME`);
const node = join(folder, basename(process.execPath));
const checkout = join(folder, 'check out');

const PACKAGE = {
  name: 'sample',
  version: '0.0.0',
  scripts: { 'build:js': 'node build.mjs', 'build:types': 'node build.mjs types' },
};
const FILES: Record<string, string> = {
  LICENSE: 'the license',
  'package.json': JSON.stringify({
    name: 'checkout',
    private: true,
    packageManager: 'npm@11.19.1',
    workspaces: ['packages/*'],
  }),
  'package-lock.json': JSON.stringify({
    name: 'checkout',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: 'checkout', workspaces: ['packages/*'] },
      'node_modules/sample': { resolved: 'packages/sample', link: true },
      'packages/sample': { version: '0.0.0' },
    },
  }),
  'turbo.json': JSON.stringify({ tasks: { 'build:js': { cache: false }, 'build:types': { cache: false } } }),
  'apps/.keep': '',
  'packages/sample/package.json': JSON.stringify(PACKAGE),
  'packages/sample/build.mjs': `import { writeFileSync } from 'node:fs';
    writeFileSync(process.argv[2] === 'types' ? 'types.txt' : 'js.txt', process.cwd());`,
  // An installation without packages, which needs no network.
  'tools/checks/package.json': JSON.stringify({ name: 'checks', private: true }),
  'tools/checks/package-lock.json': JSON.stringify({
    name: 'checks',
    lockfileVersion: 3,
    requires: true,
    packages: { '': { name: 'checks' } },
  }),
  'tools/workspace/install.mjs': `import { join } from 'node:path';
    import { install, root } from './packages.mjs';
    install('Installing the check tools', join(root, 'tools', 'checks'));`,
};

beforeAll(() => {
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(checkout, path)), { recursive: true });
    writeFileSync(join(checkout, path), text);
  }
  for (const name of ['setup', 'packages', 'npm-command']) {
    copyFileSync(join(root, `tools/workspace/${name}.mjs`), join(checkout, `tools/workspace/${name}.mjs`));
  }
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'), 'junction');
  // The packages are up to date if the lockfile is older.
  utimesSync(join(checkout, 'package-lock.json'), 0, 0);
  try {
    linkSync(process.execPath, node);
  } catch {
    // The temporary folder is on another file system.
    copyFileSync(process.execPath, node);
  }
});
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** Runs a script of the checkout by the Node in the folder. */
function run(script: string, options: string[], ...args: string[]) {
  return spawnSync(node, [...options, join(checkout, 'tools/workspace', script), ...args], {
    encoding: 'utf8',
    env: { ...process.env, TURBO_UI: 'false' },
  });
}

// Node asks for the platform when it starts a process: a shell would then be cmd.exe.
const AS_WINDOWS = [
  '--import',
  `data:text/javascript,${encodeURIComponent("Object.defineProperty(process, 'platform', { value: 'win32' })")}`,
];

describe.each([
  { system: process.platform, options: [] },
  { system: 'Windows, simulated', options: AS_WINDOWS },
])('in a folder with an unusual path, on $system', { timeout: 60_000 }, ({ options }) => {
  test('builds the packages and copies the license', () => {
    const built = ['js.txt', 'types.txt', 'LICENSE'].map((name) => join(checkout, 'packages/sample', name));
    for (const file of built) rmSync(file, { force: true });
    const { status, stderr } = run('setup.mjs', options, '--types');
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/^Building … \d+ s\n$/);
    expect(built.filter((file) => !existsSync(file))).toEqual([]);
  });

  test('installs by npm', () => {
    const { status, stderr } = run('install.mjs', options);
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/^Installing the check tools … \d+ s\n$/);
  });
});

test('prints the output of a failed step and exits with its status', () => {
  const build = join(checkout, 'packages/sample/build.mjs');
  const text = readFileSync(build, 'utf8');
  try {
    writeFileSync(build, "throw new Error('the build is broken')");
    const { status, stderr } = run('setup.mjs', []);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Building … failed\n[\s\S]*the build is broken/);
  } finally {
    writeFileSync(build, text);
  }
});

test('no program starts a shell', () => {
  const files = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '-z', '*.mjs', '*.js', '*.ts'],
    { cwd: root, encoding: 'utf8' },
  );
  const shells = files
    .split('\0')
    .filter((file) => file && existsSync(join(root, file)))
    .filter((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      return (
        /child_process/.test(text) &&
        (/^\s*shell(:|,$)/m.test(text) ||
          /import \{[^}]*\bexec(Sync)?\b[^}]*\} from 'node:child_process'/.test(text))
      );
    });
  // These consumers follow the guides and a README as a reader does, in a shell.
  expect(shells).toEqual([
    'tools/e2e-publish/consumers/guides/follow.mjs',
    'tools/e2e-publish/consumers/recognition/follow.mjs',
  ]);
});
