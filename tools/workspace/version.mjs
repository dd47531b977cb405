// npm run release:version: what changesets says becomes versions and changelogs, in the folder where it is run.
// changesets alone would give a package that builds on one which breaks a patch: who has both by a caret would then come by two
// copies of it. Here a package breaks with what it builds on: a changeset of that is written before.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import getReleasePlanModule from '@changesets/get-release-plan';
import { manifestsOf, root } from './packages.mjs';

const getReleasePlan = getReleasePlanModule.default ?? getReleasePlanModule;
const cwd = process.cwd();
const manifests = manifestsOf(cwd).filter((manifest) => !manifest.private);

for (let round = 0; ; round++) {
  const { releases } = await getReleasePlan(cwd);
  const breaking = new Set(releases.filter(breaks).map(({ name }) => name));
  const more = manifests.filter(
    ({ name, dependencies = {} }) =>
      !breaking.has(name) && Object.keys(dependencies).some((of) => breaking.has(of)),
  );
  if (more.length === 0) break;
  const on = [
    ...new Set(
      more.flatMap(({ dependencies }) => Object.keys(dependencies).filter((of) => breaking.has(of))),
    ),
  ];
  const lines = more.map(
    ({ name, version }) => `'${name}': ${version.startsWith('0.') ? 'minor' : 'major'}\n`,
  );
  const text = `Builds on the next ${on
    .sort()
    .map((name) => `\`${name}\``)
    .join(', ')}, whose changelog says what breaks.`;
  writeFileSync(join(cwd, '.changeset', `builds-on-${round}.md`), `---\n${lines.join('')}---\n\n${text}\n`);
}

run(process.execPath, join(root, 'node_modules', '@changesets', 'cli', 'bin.js'), 'version');
// The lockfile has the packages' own versions and ranges.
if (existsSync(join(cwd, 'package-lock.json'))) {
  run('npm', 'install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund');
}

/** Whether a caret range of the old version leaves the new one out. */
function breaks({ oldVersion, newVersion }) {
  const [[major, minor], [newMajor, newMinor]] = [oldVersion, newVersion].map((version) =>
    version.split('.'),
  );
  return major !== newMajor || (major === '0' && minor !== newMinor);
}

function run(command, ...args) {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) process.exit(status || 1);
}
