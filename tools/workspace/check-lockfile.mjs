// npm run check:lockfile: every lockfile works on every platform, names no registry, and runs no unknown install script.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './packages.mjs';
import { reportAll } from './report-all.mjs';

/**
 * Packages that may have an install script, each with the reason. A script must not download anything. The setup and CI run
 * none of these scripts (`npm ci --ignore-scripts`); `npm install` does.
 */
const INSTALL_SCRIPTS = {
  esbuild: 'links its program; downloads only if the platform package is missing, which this check excludes',
  koffi: 'selects the prebuilt library of its platform package, or compiles its sources',
  'onnxruntime-node':
    "would download CUDA's provider; tools/peers is installed without scripts, and the CPU needs none",
  protobufjs: 'prints a warning for an unusual version range; comes with the dev dependency onnxruntime-web',
  usearch: 'selects its prebuilt library, or compiles it',
  webgpu: 'on macOS, removes the quarantine mark of its own library',
};

/** @returns {{name: string, problems: string}[]} One entry per check; `problems` is empty if it passes. */
export function checkLockfiles({ repository = root, installScripts = INSTALL_SCRIPTS } = {}) {
  const lockfiles = findLockfiles(repository).map((file) => ({
    file,
    packages: JSON.parse(readFileSync(join(repository, file), 'utf8')).packages,
  }));
  const report = (problemsOf) => lockfiles.flatMap(problemsOf).join('\n');
  return [
    { name: 'lockfiles have the packages of every platform', problems: report(platformProblems) },
    { name: 'lockfiles have integrity hashes', problems: report(integrityProblems) },
    { name: 'lockfiles name no registry', problems: report(addressProblems) },
    {
      name: 'install scripts of locked packages are known',
      problems: [
        report((lockfile) => scriptProblems(lockfile, installScripts)),
        unusedProblems(lockfiles, installScripts),
      ]
        .filter(Boolean)
        .join('\n'),
    },
  ];
}

function findLockfiles(repository) {
  const { stdout } = spawnSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', 'package-lock.json', '**/package-lock.json'],
    { cwd: repository, encoding: 'utf8' },
  );
  return stdout.split('\n').filter((file) => file && existsSync(join(repository, file)));
}

/** Reports optional dependencies that are not locked. npm installs none of them, not even on their own platform. */
function platformProblems({ file, packages }) {
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) => {
    const missing = Object.keys(optionalDependencies).filter((name) => !resolveLocked(name, path, packages));
    if (missing.length === 0) return [];
    return [
      `${file}: ${path} requires ${missing.join(', ')}, which ${missing.length === 1 ? 'is' : 'are'} not locked. ` +
        `Delete the entries of ${path} and its platform packages from the lockfile, then run ` +
        '`npm install --package-lock-only --ignore-scripts` in its folder.',
    ];
  });
}

function integrityProblems({ file, packages }) {
  return installed(packages)
    .filter(([, { integrity }]) => !/^sha512-/.test(integrity ?? ''))
    .map(([path]) => `${file}: ${path} has no sha512 integrity.`);
}

function addressProblems({ file, packages }) {
  return installed(packages)
    .filter(([, { resolved }]) => resolved)
    .map(
      ([path, { resolved }]) =>
        `${file}: ${path} has the fixed address ${resolved}. Lock again with the .npmrc of the lockfile's folder.`,
    );
}

function scriptProblems({ file, packages }, known) {
  return installed(packages)
    .filter(([path, { hasInstallScript }]) => hasInstallScript && !known[nameOf(path)])
    .map(
      ([path]) =>
        `${file}: ${path} has an install script. If it downloads nothing, add ${nameOf(path)} with the reason to ` +
        'INSTALL_SCRIPTS of tools/workspace/check-lockfile.mjs; otherwise use another package.',
    );
}

function unusedProblems(lockfiles, known) {
  const used = new Set(
    lockfiles.flatMap(({ packages }) =>
      installed(packages).flatMap(([path, { hasInstallScript }]) => (hasInstallScript ? [nameOf(path)] : [])),
    ),
  );
  return Object.keys(known)
    .filter((name) => !used.has(name))
    .map((name) => `INSTALL_SCRIPTS of tools/workspace/check-lockfile.mjs: remove ${name}.`)
    .join('\n');
}

/** Returns the entries of packages from a registry, without workspaces. */
function installed(packages) {
  return Object.entries(packages).filter(([path, { link }]) => path.includes('node_modules/') && !link);
}

/** Returns the package's name from its path in a lockfile. */
function nameOf(path) {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/** Returns the lockfile path of the package that Node resolves `name` to, from a path in the lockfile. */
export function resolveLocked(name, from, packages) {
  const parts = from === '' ? [] : from.split('/');
  for (let length = parts.length; length >= 0; length--) {
    if (parts[length - 1] === 'node_modules') continue;
    const at = [...parts.slice(0, length), 'node_modules', name].join('/');
    if (packages[at]) return at;
  }
  return undefined;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) reportAll(checkLockfiles());
