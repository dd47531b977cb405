// npm run release:version: turns changesets into versions and changelogs, in the current folder.
// If a dependency has a breaking release, changesets alone would release its dependents as patches. Users with caret ranges
// could then install two copies of the dependency. So this first writes changesets that make the dependents breaking too.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import getReleasePlanModule from '@changesets/get-release-plan';
import { npmCommand } from './npm-command.mjs';
import { manifestsOf, root } from './packages.mjs';

const getReleasePlan = getReleasePlanModule.default ?? getReleasePlanModule;
const cwd = process.cwd();
const manifests = manifestsOf(cwd).filter((manifest) => !manifest.private);

for (let round = 0; ; round++) {
  const { releases } = await getReleasePlan(cwd);
  const breaking = new Set(releases.filter(isBreaking).map(({ name }) => name));
  const more = manifests.filter(
    ({ name, dependencies = {} }) =>
      !breaking.has(name) && Object.keys(dependencies).some((dependency) => breaking.has(dependency)),
  );
  if (more.length === 0) break;
  const causes = [
    ...new Set(
      more.flatMap(({ dependencies }) => Object.keys(dependencies).filter((name) => breaking.has(name))),
    ),
  ];
  const lines = more.map(
    ({ name, version }) => `'${name}': ${version.startsWith('0.') ? 'minor' : 'major'}\n`,
  );
  const text = `Requires the new version of ${causes
    .sort()
    .map((name) => `\`${name}\``)
    .join(', ')}. See its changelog for the breaking changes.`;
  writeFileSync(join(cwd, '.changeset', `builds-on-${round}.md`), `---\n${lines.join('')}---\n\n${text}\n`);
}

run(process.execPath, [join(root, 'node_modules', '@changesets', 'cli', 'bin.js'), 'version']);
// The lockfile contains the packages' own versions and ranges.
if (existsSync(join(cwd, 'package-lock.json'))) {
  run(...npmCommand('install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'));
}

/** Returns whether a caret range of the old version excludes the new one. */
function isBreaking({ oldVersion, newVersion }) {
  const [[major, minor], [newMajor, newMinor]] = [oldVersion, newVersion].map((version) =>
    version.split('.'),
  );
  return major !== newMajor || (major === '0' && minor !== newMinor);
}

function run(command, args) {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (status !== 0) process.exit(status || 1);
}
