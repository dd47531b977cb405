import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Every published package: its folder and its package.json. */
export function publishedPackages() {
  return manifestsOf(root)
    .filter((manifest) => !manifest.private)
    .map(({ folder: path, ...manifest }) => ({ path, manifest }));
}

/** The package.json of every package in a copy of this repository, each with its folder. */
export function manifestsOf(repository) {
  return ['packages', 'apps']
    .flatMap((folder) => readdirSync(join(repository, folder)).map((name) => join(repository, folder, name)))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => ({ folder, ...JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }));
}

/** Installs a folder's packages by its lockfile, where that was not done since it changed. Ends the process on failure. */
export function install(what, folder) {
  const installed = join(folder, 'node_modules', '.package-lock.json');
  const lockfile = join(folder, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lockfile).mtimeMs) return;
  run(what, 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], folder);
}

/** Runs a step of the set-up with a line on the terminal. Ends the process with what it printed on failure. */
export function run(what, command, args, cwd = root) {
  const startedAt = Date.now();
  process.stderr.write(`${what} … `);
  const shell = process.platform === 'win32';
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    shell,
    maxBuffer: 1 << 28,
    env: {
      ...process.env,
      TURBO_TELEMETRY_DISABLED: '1',
      DO_NOT_TRACK: '1',
      npm_config_update_notifier: 'false',
    },
  });
  if (status !== 0) {
    process.stderr.write(`failed\n\n${stdout ?? ''}${stderr ?? ''}${error ? `${error.message}\n` : ''}`);
    process.exit(status || 1);
  }
  process.stderr.write(`${((Date.now() - startedAt) / 1000).toFixed(0)} s\n`);
}
