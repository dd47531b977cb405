// Installs @unitsphere/models from its tarball into an empty folder without a network, and recognizes without one. The packages that
// it depends on are in npm's cache, where the installation of this folder put them.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
const folder = 'empty';
mkdirSync(folder);
const npm = (...args) =>
  execFileSync('npm', [...args, '--loglevel=error'], { cwd: folder, encoding: 'utf8' });

const tarball = npm('pack', '@unitsphere/models').trim();
// npm's metadata of these packages is in the cache; this folder's lockfile is not used.
writeFileSync(
  join(folder, 'package.json'),
  JSON.stringify({
    private: true,
    type: 'module',
    dependencies: { ...dependencies, '@unitsphere/models': `file:${tarball}` },
  }),
);
npm('install', '--offline', '--no-audit', '--no-fund');
const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
const { resolved } = packages['node_modules/@unitsphere/models'];
if (resolved !== `file:${tarball}`) throw new Error(`The models come from ${resolved}.`);

for (const file of ['no-network.mjs', 'recognize.mjs']) copyFileSync(file, join(folder, file));
const printed = execFileSync(process.execPath, ['--import', './no-network.mjs', 'recognize.mjs'], {
  cwd: folder,
  encoding: 'utf8',
});
for (const model of ['documentBase', 'documentSmall']) {
  if (!printed.includes(`${model} recognized card 3`)) throw new Error(`It printed:\n${printed}`);
}
if (existsSync(join(folder, 'node_modules', 'sharp'))) throw new Error('The models require sharp.');
