// Makes a fresh clone ready: installs when node_modules is missing or older than the lockfile, then builds what changed.
//   node tools/workspace/setup.mjs            JavaScript only: enough to run
//   node tools/workspace/setup.mjs --types    and declarations: needed to type-check and to publish

import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { install, publishedPackages, root, run } from './packages.mjs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19) || major === 21 || (major === 22 && minor < 12)) {
  console.error(
    `unitsphere needs Node 20.19 or newer (or 22.12 or newer); this is ${process.version}. See https://nodejs.org.`,
  );
  process.exit(1);
}

install('Installing packages', root);

const tasks = process.argv.includes('--types') ? ['build:js', 'build:types'] : ['build:js'];
run('Building', process.execPath, [
  join(root, 'node_modules', 'turbo', 'bin', 'turbo'),
  'run',
  ...tasks,
  '--output-logs=errors-only',
  '--log-prefix=none',
]);

// Every package is published with the license; one text of it is kept.
for (const { path } of publishedPackages()) copyFileSync(join(root, 'LICENSE'), join(path, 'LICENSE'));
