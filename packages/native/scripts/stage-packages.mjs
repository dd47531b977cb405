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
 */
export function stagePackages({
  from = packageFolder,
  binaries = binariesFolder,
  to = join(from, 'npm'),
} = {}) {
  const manifest = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'));
  const license = join(packageFolder, '..', '..', 'LICENSE');
  rmSync(to, { recursive: true, force: true });
  const platforms = releasedTargets()
    .filter(({ platform }) => existsSync(join(binaries, binaryName(platform))))
    .map((target) => {
      const { platform } = target;
      const folder = join(to, platform);
      mkdirSync(folder, { recursive: true });
      writeJson(join(folder, 'package.json'), platformManifest(manifest, target));
      writeFileSync(join(folder, 'README.md'), describePlatform(target));
      copyFileSync(license, join(folder, 'LICENSE'));
      copyFileSync(join(binaries, binaryName(platform)), join(folder, binaryName(platform)));
      copyFileSync(join(binaries, `${binaryName(platform)}.md`), join(folder, NOTICES));
      return { name: platformPackage(manifest, platform), folder };
    });

  const main = join(to, 'native');
  mkdirSync(main, { recursive: true });
  const { publishConfig, scripts: _, ...rest } = manifest;
  const { directory: __, ...settings } = publishConfig;
  writeJson(join(main, 'package.json'), {
    ...rest,
    publishConfig: settings,
    ...(platforms.length > 0 && {
      optionalDependencies: Object.fromEntries(platforms.map(({ name }) => [name, manifest.version])),
    }),
  });
  for (const file of manifest.files) {
    if (existsSync(join(from, file))) cpSync(join(from, file), join(main, file), { recursive: true });
  }
  copyFileSync(license, join(main, 'LICENSE'));
  return [...platforms, { name: manifest.name, folder: main }];
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

function writeJson(file, value) {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}
