// Installs @unitsphere/native and its platform package from their tarballs into an empty folder without a network, and computes
// with them. npm must select the packages of this system, and of exactly the same version.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const scope = join('node_modules', '@unitsphere');
const names = readdirSync(scope);
const manifestOf = (name, from = '.') =>
  JSON.parse(readFileSync(join(from, scope, name, 'package.json'), 'utf8'));
const { version, optionalDependencies, scripts = {} } = manifestOf('native');
const platforms = names.filter((name) => name !== 'native');
if (platforms.length !== 1) throw new Error(`npm installed the platform packages ${platforms}.`);
const [platform] = platforms;
if (optionalDependencies[`@unitsphere/${platform}`] !== version)
  throw new Error(`It requires ${optionalDependencies[`@unitsphere/${platform}`]} instead of ${version}.`);
for (const { scripts: own = {} } of [{ scripts }, manifestOf(platform)]) {
  if (Object.keys(own).length > 0) throw new Error(`A package has the scripts ${Object.keys(own)}.`);
}

const folder = 'empty';
mkdirSync(folder);
const npm = (...args) =>
  execFileSync('npm', [...args, '--loglevel=error'], { cwd: folder, encoding: 'utf8' });
const tarballs = Object.fromEntries(
  ['native', platform].map((name) => [
    `@unitsphere/${name}`,
    `file:${npm('pack', join('..', scope, name)).trim()}`,
  ]),
);
writeFileSync(
  join(folder, 'package.json'),
  JSON.stringify({
    private: true,
    type: 'module',
    dependencies: { '@unitsphere/native': tarballs['@unitsphere/native'] },
    // The registry's packages of the same versions are in npm's cache. These are the ones to install.
    overrides: { [`@unitsphere/${platform}`]: tarballs[`@unitsphere/${platform}`] },
  }),
);
npm('install', '--offline', '--no-audit', '--no-fund');
if (manifestOf(platform, folder).version !== version) throw new Error('The versions differ.');

copyFileSync('multiply.mjs', join(folder, 'multiply.mjs'));
const env = { ...process.env, UNITSPHERE_NATIVE: '1' };
const printed = execFileSync(process.execPath, ['multiply.mjs'], { cwd: folder, env, encoding: 'utf8' });
if (printed.trim() !== '19,22,43,50') throw new Error(`It printed:\n${printed}`);
