import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmCommand } from './npm-command.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Returns the folder and the package.json of every published package. */
export function publishedPackages() {
  return manifestsOf(root)
    .filter((manifest) => !manifest.private)
    .map(({ folder: path, ...manifest }) => ({ path, manifest }));
}

/** Returns the package.json of every package in a copy of this repository, each with its folder. */
export function manifestsOf(repository) {
  return ['packages', 'apps']
    .flatMap((folder) => readdirSync(join(repository, folder)).map((name) => join(repository, folder, name)))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => ({ folder, ...JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }));
}

/** Installs a folder's packages by its lockfile, unless they are up to date. Ends the process on failure. */
export function install(what, folder) {
  const installed = join(folder, 'node_modules', '.package-lock.json');
  const lockfile = join(folder, 'package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lockfile).mtimeMs) return;
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  run(what, ...npmCommand(...args), folder);
}

/** Runs a step of the setup and reports it in one line. On failure, prints the step's output and ends the process. */
export function run(what, command, args, cwd = root) {
  const startedAt = Date.now();
  process.stderr.write(`${what} … `);
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
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
