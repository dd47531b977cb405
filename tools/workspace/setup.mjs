// Makes a fresh clone ready: installs when node_modules is missing or older than the lockfile, then builds what changed.
//   node tools/workspace/setup.mjs            JavaScript only: enough to run
//   node tools/workspace/setup.mjs --types    and declarations: needed to type-check and to publish
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19) || major === 21 || (major === 22 && minor < 12)) {
  console.error(
    `unitsphere needs Node 20.19 or newer (or 22.12 or newer); this is ${process.version}. See https://nodejs.org.`,
  );
  process.exit(1);
}

const installed = join(root, 'node_modules', '.package-lock.json');
const lockfile = join(root, 'package-lock.json');
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lockfile).mtimeMs) {
  run('Installing packages', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

const tasks = process.argv.includes('--types') ? ['build:js', 'build:types'] : ['build:js'];
run('Building', process.execPath, [
  join(root, 'node_modules', 'turbo', 'bin', 'turbo'),
  'run',
  ...tasks,
  '--output-logs=errors-only',
  '--log-prefix=none',
]);

function run(what, command, args) {
  const startedAt = Date.now();
  process.stderr.write(`${what} … `);
  const shell = process.platform === 'win32';
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
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
