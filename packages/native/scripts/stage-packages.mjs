// Makes the packages to publish in npm/: one for each binary in binaries/, and @unitsphere/native with these as optional
// dependencies of exactly its own version. They are no workspaces, because npm refuses to install a workspace for another system.
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binariesFolder, packageFolder } from './compile.mjs';
import { binaryName, releasedTargets } from './targets.mjs';

const NOTICES = 'THIRD_PARTY.md';

/**
 * Makes the packages of a package folder, from its build in `dist/` and its binaries.
 * @returns {{name: string, folder: string}[]} Those of platforms first, then the one that requires them.
 * @throws Error if a binary has no notices beside it.
 */
export function stagePackages({
  from = packageFolder,
  binaries = binariesFolder,
  to = join(from, 'npm'),
} = {}) {
  const manifest = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
  rmSync(to, { recursive: true, force: true });
  const platforms = releasedTargets()
    .filter(({ platform }) => existsSync(join(binaries, binaryName(platform))))
    .map((target) => stagePlatform(manifest, target, binaries, to));
  return [...platforms, stageMain(manifest, platforms, from, to)];
}

function stagePlatform(manifest, target, binaries, to) {
  const folder = join(to, target.platform);
  const file = binaryName(target.platform);
  const notices = join(binaries, `${file}.md`);
  if (!existsSync(notices)) {
    throw new Error(
      `${notices} with the licenses of ${file} is missing. Build it again: npm run build:native -- ${target.target}.`,
    );
  }
  mkdirSync(folder, { recursive: true });
  writeManifest(folder, platformManifest(manifest, target));
  writeFileSync(join(folder, 'README.md'), describePlatform(target));
  copyFileSync(join(binaries, file), join(folder, file));
  copyFileSync(notices, join(folder, NOTICES));
  return { name: platformPackage(manifest, target.platform), folder };
}

function stageMain(manifest, platforms, from, to) {
  const folder = join(to, 'native');
  const { publishConfig, scripts: _, ...rest } = manifest;
  const { directory: __, ...settings } = publishConfig;
  const optionalDependencies = Object.fromEntries(platforms.map(({ name }) => [name, manifest.version]));
  mkdirSync(folder, { recursive: true });
  writeManifest(folder, {
    ...rest,
    publishConfig: settings,
    ...(platforms.length > 0 && { optionalDependencies }),
  });
  for (const file of manifest.files) {
    if (existsSync(join(from, file))) cpSync(join(from, file), join(folder, file), { recursive: true });
  }
  return { name: manifest.name, folder };
}

function platformPackage({ name }, platform) {
  return `${name}-${platform}`;
}

function platformManifest(manifest, { platform, os, cpu, libc }) {
  const { version, license, author, homepage, repository, bugs, keywords, engines } = manifest;
  return {
    name: platformPackage(manifest, platform),
    version,
    description: `The binary of ${manifest.name} for ${platform}`,
    ...{ license, author, homepage, repository, bugs, keywords, engines },
    main: binaryName(platform),
    files: [binaryName(platform), NOTICES],
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
    publishConfig: { access: 'public' },
  };
}

function describePlatform({ platform, target }) {
  return `# @unitsphere/native-${platform}

The binary of [\`@unitsphere/native\`](https://www.npmjs.com/package/@unitsphere/native) for ${platform}, compiled from Rust for the target \`${target}\`.
npm installs it with \`@unitsphere/native\` of the same version where it fits. ${NOTICES} has the licenses of the code that it contains.
`;
}

/** Writes a package's manifest, and copies the license, which is the same for all. */
function writeManifest(folder, manifest) {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  copyFileSync(join(packageFolder, '..', '..', 'LICENSE'), join(folder, 'LICENSE'));
}
