// npm run check:licenses: what the published packages bring along may be brought along, and nothing of it is unknown.
//   node tools/workspace/check-licenses.mjs            the list of licenses, then the checks
//   node tools/workspace/check-licenses.mjs --sbom F   writes the bill of materials (CycloneDX) too
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { install, publishedPackages, root } from './packages.mjs';
import { reportAll } from './report-all.mjs';

const tools = join(root, 'tools', 'checks');

/** Licenses that allow what Apache-2.0 allows, and what is asked for no more than a notice. */
const ALLOWED = [
  'Apache-2.0',
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'Unlicense',
  'CC0-1.0',
];
/** Others, each for the packages that it is meant for. */
const EXCEPTIONS = [
  {
    license: 'OFL-1.1',
    packages: /^@fontsource\//,
    why: 'fonts, installed beside our code and never changed',
  },
  {
    license: 'LGPL-3.0-or-later',
    packages: /^@img\/sharp-/,
    why: "libvips, sharp's own shared library, installed beside our code: it can be exchanged",
  },
];
/** Licenses that npm's bill does not read: named in the manifest's old way, and in the package's own file. */
const NAMED_OTHERWISE = { jstat: 'MIT' };
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish'];

/** @returns The bill of materials of the published packages and all that is installed with them, on any platform. */
function billOfMaterials() {
  const { packages, ...lockfile } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const { name, version } = packages[''];
  const workspaces = publishedPackages().map(({ path }) => relative(root, path).replaceAll('\\', '/'));
  // npm's own --omit=dev leaves out what is a development dependency of anything, TensorFlow.js among it: so npm is
  // shown a repository without any.
  const top = { name, version, private: true, workspaces };
  const kept = [...productionPaths(packages, workspaces)].map((path) => {
    const { devDependencies: _, ...entry } = packages[path];
    return [path, entry];
  });
  const folder = mkdtempSync(join(tmpdir(), 'unitsphere-bill-'));
  try {
    const write = (path, value) => writeFileSync(join(folder, path), JSON.stringify(value));
    write('package.json', top);
    write('package-lock.json', { ...lockfile, packages: Object.fromEntries([['', top], ...kept]) });
    for (const path of workspaces) {
      mkdirSync(join(folder, path), { recursive: true });
      const { devDependencies: _, ...manifest } = JSON.parse(
        readFileSync(join(root, path, 'package.json'), 'utf8'),
      );
      write(`${path}/package.json`, manifest);
    }
    const { status, stdout, stderr } = spawnSync(
      'npm',
      ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'],
      {
        cwd: folder,
        encoding: 'utf8',
        maxBuffer: 1 << 28,
        shell: process.platform === 'win32',
      },
    );
    if (status !== 0) throw new Error(`npm sbom failed:\n${stderr}`);
    return JSON.parse(stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The places in the lockfile of the published packages and of what they depend on. */
function productionPaths(packages, published) {
  const waiting = [...published, ...published.map((path) => `node_modules/${packages[path].name}`)];
  const found = new Set();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    const { dependencies, optionalDependencies, link, resolved } = packages[path];
    if (link) waiting.push(resolved);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const at = placeOf(name, path, packages);
      if (at) waiting.push(at);
    }
  }
  return found;
}

/** Where Node finds a package from a place in the lockfile. */
function placeOf(name, from, packages) {
  const parts = from.split('/');
  for (let length = parts.length; length >= 0; length--) {
    if (parts[length - 1] === 'node_modules') continue;
    const at = [...parts.slice(0, length), 'node_modules', name].join('/');
    if (packages[at]) return at;
  }
  return undefined;
}

/** @returns {{name: string, problems: string}[]} One entry a check; problems is empty where it is clean. */
export function checkLicenses(bill = billOfMaterials()) {
  return [
    { name: 'licenses of production dependencies', problems: licenseProblems(bill) },
    { name: 'code of others in packages is named', problems: bundledProblems() },
    { name: 'lockfiles have integrity', problems: lockfileProblems() },
    { name: 'packages have no install scripts', problems: scriptProblems() },
  ];
}

function licenseProblems({ components }) {
  install('Installing the tools of checks', tools);
  const satisfies = createRequire(join(tools, 'package.json'))('spdx-satisfies');
  if (components.length < 20) return `The bill of materials has ${components.length} parts only.`;
  return components
    .flatMap((component) => {
      const name = component.name;
      const license = licenseOf(component);
      if (!license) return [`${name}@${component.version} names no license.`];
      const more = EXCEPTIONS.filter(({ packages }) => packages.test(name)).map(
        (exception) => exception.license,
      );
      try {
        return satisfies(license, [...ALLOWED, ...more]) ? [] : [`${name}@${component.version}: ${license}`];
      } catch (error) {
        return [`${name}@${component.version}: ${license} is no SPDX expression (${error.message}).`];
      }
    })
    .join('\n');
}

/** A component's license as one SPDX expression. */
function licenseOf({ name, licenses = [] }) {
  const named = licenses.map(({ license, expression }) => expression ?? license?.id ?? license?.name);
  return named.join(' AND ') || NAMED_OTHERWISE[name];
}

/** What is bundled into a package, and not named by its THIRD_PARTY.md. */
function bundledProblems() {
  return publishedPackages()
    .flatMap(({ path, manifest }) => {
      const bundled = new Set();
      const dist = join(path, 'dist');
      if (!existsSync(dist)) return [`${manifest.name} is not built.`];
      for (const file of readdirSync(dist).filter((name) => /\.c?js$/.test(name))) {
        // esbuild names the file that each part of a bundle comes from.
        for (const [, name] of readFileSync(join(dist, file), 'utf8').matchAll(
          /^\s*\/\/ .*node_modules\/((?:@[^/\n]+\/)?[^/\n]+)\//gm,
        ))
          bundled.add(name);
      }
      if (bundled.size === 0) return [];
      const notice = join(path, 'THIRD_PARTY.md');
      const text =
        existsSync(notice) && manifest.files.includes('THIRD_PARTY.md') ? readFileSync(notice, 'utf8') : '';
      return [...bundled]
        .filter((name) => !text.includes(`\`${name}\``))
        .map(
          (name) =>
            `${manifest.name} contains code of ${name}, which no THIRD_PARTY.md among its files names.`,
        );
    })
    .join('\n');
}

function lockfileProblems() {
  return ['.', 'tools/checks', 'tools/e2e-publish']
    .flatMap((folder) => {
      const { packages } = JSON.parse(readFileSync(join(root, folder, 'package-lock.json'), 'utf8'));
      return Object.entries(packages)
        .filter(([path, entry]) => path.includes('node_modules/') && !entry.link)
        .flatMap(([path, { integrity, resolved }]) => [
          ...(/^sha512-/.test(integrity ?? '') ? [] : [`${folder}: ${path} has no sha512.`]),
          ...(resolved ? [`${folder}: ${path} is tied to ${resolved}.`] : []),
        ]);
    })
    .join('\n');
}

function scriptProblems() {
  return publishedPackages()
    .flatMap(({ manifest: { name, scripts = {} } }) =>
      INSTALL_SCRIPTS.filter((script) => scripts[script]).map(
        (script) => `${name} has a script "${script}".`,
      ),
    )
    .join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const bill = billOfMaterials();
  const at = process.argv.indexOf('--sbom');
  if (at > 0) writeFileSync(process.argv[at + 1], `${JSON.stringify(bill, null, 2)}\n`);
  const byLicense = new Map();
  for (const component of bill.components) {
    const license = licenseOf(component);
    byLicense.set(license, [...(byLicense.get(license) ?? []), component]);
  }
  for (const [license, components] of [...byLicense].sort(([a], [b]) => (a < b ? -1 : 1))) {
    console.log(`${license}: ${components.map(({ name, version }) => `${name}@${version}`).join(', ')}`);
  }
  for (const { license, why } of EXCEPTIONS) console.log(`${license} is taken for ${why}.`);
  reportAll(checkLicenses(bill));
}
