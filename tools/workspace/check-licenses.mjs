// npm run check:licenses: the licenses of everything that is installed with the published packages.
//   node tools/workspace/check-licenses.mjs            lists the licenses, then checks them
//   node tools/workspace/check-licenses.mjs --sbom F   also writes the bill of materials (CycloneDX) to file F
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
import { resolveLocked } from './check-lockfile.mjs';
import { npmCommand } from './npm-command.mjs';
import { install, publishedPackages, root } from './packages.mjs';
import { reportAll } from './report-all.mjs';

const tools = join(root, 'tools', 'checks');

/** Licenses that are at least as permissive as Apache-2.0 and require no more than a notice. */
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
/** Other accepted licenses, each only for the given packages. */
const EXCEPTIONS = [
  {
    license: 'OFL-1.1',
    packages: /^@fontsource\//,
    why: 'fonts, which are installed beside our code and not modified',
  },
  {
    license: 'LGPL-3.0-or-later',
    packages: /^@img\/sharp-/,
    why: 'libvips, the shared library of sharp, which is installed beside our code and can be replaced',
  },
];
/** Licenses that npm's bill of materials lacks, because the manifest uses the deprecated `licenses` field. */
const UNREAD_LICENSES = { jstat: 'MIT' };
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish'];

/** Returns the bill of materials of the published packages and all their dependencies, on any platform. */
function createBill() {
  const { packages, ...lockfile } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const { name, version } = packages[''];
  const workspaces = publishedPackages().map(({ path }) => relative(root, path).replaceAll('\\', '/'));
  // npm's --omit=dev also omits dependencies that are dev dependencies elsewhere, such as TensorFlow.js. So npm gets a
  // repository without dev dependencies.
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
      ...npmCommand('sbom', '--sbom-format=cyclonedx', '--package-lock-only'),
      { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 },
    );
    if (status !== 0) throw new Error(`npm sbom failed:\n${stderr}`);
    return JSON.parse(stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns the lockfile paths of the published packages and of all their dependencies. */
function productionPaths(packages, published) {
  const waiting = [...published, ...published.map((path) => `node_modules/${packages[path].name}`)];
  const found = new Set();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    const { dependencies, optionalDependencies, link, resolved } = packages[path];
    if (link) waiting.push(resolved);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const at = resolveLocked(name, path, packages);
      if (at) waiting.push(at);
    }
  }
  return found;
}

/** @returns {{name: string, problems: string}[]} One entry per check; `problems` is empty if it passes. */
export function checkLicenses(bill = createBill()) {
  return [
    { name: 'licenses of production dependencies', problems: licenseProblems(bill) },
    { name: 'bundled third-party code has a notice', problems: bundledProblems() },
    { name: 'packages have no install scripts', problems: scriptProblems() },
  ];
}

function licenseProblems({ components }) {
  install('Installing the check tools', tools);
  const satisfies = createRequire(join(tools, 'package.json'))('spdx-satisfies');
  if (components.length < 20) return `The bill of materials has only ${components.length} components.`;
  return components
    .flatMap((component) => {
      const name = component.name;
      const license = licenseOf(component);
      if (!license) return [`${name}@${component.version} declares no license.`];
      const more = EXCEPTIONS.filter(({ packages }) => packages.test(name)).map(
        (exception) => exception.license,
      );
      try {
        return satisfies(license, [...ALLOWED, ...more]) ? [] : [`${name}@${component.version}: ${license}`];
      } catch (error) {
        return [`${name}@${component.version}: ${license} is not an SPDX expression (${error.message}).`];
      }
    })
    .join('\n');
}

/** Returns a component's license as one SPDX expression. */
function licenseOf({ name, licenses = [] }) {
  const named = licenses.map(({ license, expression }) => expression ?? license?.id ?? license?.name);
  return named.join(' AND ') || UNREAD_LICENSES[name];
}

/** Reports packages that are bundled into one of ours and not listed in its THIRD_PARTY.md. */
function bundledProblems() {
  return publishedPackages()
    .flatMap(({ path, manifest }) => {
      const bundled = new Set();
      const dist = join(path, 'dist');
      if (!existsSync(dist)) return [`${manifest.name} is not built.`];
      for (const file of readdirSync(dist).filter((name) => /\.c?js$/.test(name))) {
        // esbuild marks each part of a bundle with a comment that has the path of its source.
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
            `${manifest.name} bundles code of ${name}. List it in the package's THIRD_PARTY.md and publish that file.`,
        );
    })
    .join('\n');
}

function scriptProblems() {
  return publishedPackages()
    .flatMap(({ manifest: { name, scripts = {} } }) =>
      INSTALL_SCRIPTS.filter((script) => scripts[script]).map(
        (script) => `${name} has the install script "${script}".`,
      ),
    )
    .join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const bill = createBill();
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
  for (const { license, why } of EXCEPTIONS) console.log(`${license} is accepted for ${why}.`);
  reportAll(checkLicenses(bill));
}
