// Sets up a fresh clone: installs if node_modules is missing or older than the lockfile, then builds what changed.
//   node tools/workspace/setup.mjs            builds JavaScript only, which is enough to run
//   node tools/workspace/setup.mjs --types    also builds declarations, for type checks and publishing
//   node tools/workspace/setup.mjs --peers    also installs tools/peers, which tests and benchmarks compare with

import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { install, publishedPackages, root, run } from './packages.mjs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19) || major === 21 || (major === 22 && minor < 12)) {
  console.error(
    `unitsphere requires Node ^20.19.0 or >=22.12.0; this is ${process.version}. Install one from https://nodejs.org.`,
  );
  process.exit(1);
}

install('Installing packages', root);
if (process.argv.includes('--peers'))
  install('Installing peers to compare with', join(root, 'tools', 'peers'));

const tasks = process.argv.includes('--types') ? ['build:js', 'build:types'] : ['build:js'];
run('Building', process.execPath, [
  join(root, 'node_modules', 'turbo', 'bin', 'turbo'),
  'run',
  ...tasks,
  '--output-logs=errors-only',
  '--log-prefix=none',
]);

// Every package is published with a copy of the license.
for (const { path } of publishedPackages()) copyFileSync(join(root, 'LICENSE'), join(path, 'LICENSE'));
