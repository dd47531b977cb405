// node packages/backends/scripts/pin-nvidia-wheels.mjs: writes src/install/nvidia-wheels.ts. Run it after a change of VERSION in
// src/install/wheels.ts. Requires Python with pip 22.2 or newer; UNITSPHERE_PYTHON names another than python3.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const wheels = readFileSync(new URL('../src/install/wheels.ts', import.meta.url), 'utf8');
const [, version] = /^const VERSION = '(.+)';$/m.exec(wheels);
// The machines of the backend "cuda": TensorFlow's wheel requires glibc 2.27, where pip also accepts the tags of older ones.
const platforms = [
  'manylinux2014_x86_64',
  ...Array.from({ length: 11 }, (_, i) => `manylinux_2_${17 + i}_x86_64`),
];

/** Asks pip which files it would install. */
function resolve(...requirements) {
  const args = [
    '-m',
    'pip',
    'install',
    '--dry-run',
    '--report=-',
    '--quiet',
    '--no-deps',
    '--only-binary=:all:',
  ];
  const target = [
    '--target=unused',
    '--python-version=3.12',
    ...platforms.map((name) => `--platform=${name}`),
  ];
  const python = process.env.UNITSPHERE_PYTHON ?? 'python3';
  const report = execFileSync(python, [...args, ...target, ...requirements], {
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
  return JSON.parse(report).install;
}

const [tensorflow] = resolve(`tensorflow==${version}`);
const requirements = tensorflow.metadata.requires_dist
  .map((line) => /^(nvidia-[^;]+?)\s*;\s*extra\s*==\s*"and-cuda"$/.exec(line)?.[1])
  .filter(Boolean);
const pinned = new Map(
  resolve(...requirements).map(({ metadata, download_info }) => [
    metadata.name,
    { version: metadata.version, sha256: download_info.archive_info.hashes.sha256 },
  ]),
);
const rows = requirements.map((requirement) => {
  const project = /^[\w-]+/.exec(requirement)[0];
  const { version, sha256 } = pinned.get(project);
  return `  {
    requirement: '${requirement}',
    project: '${project}',
    version: '${version}',
    sha256: '${sha256}',
  },`;
});

writeFileSync(
  new URL('../src/install/nvidia-wheels.ts', import.meta.url),
  `// Written by scripts/pin-nvidia-wheels.mjs.

/** Wheel on PyPI with one of NVIDIA's runtime libraries, for Linux x64. */
export interface NvidiaWheel {
  /** Requirement of TensorFlow that it fulfills, as in the extra \`and-cuda\`. */
  requirement: string;
  project: string;
  version: string;
  sha256: string;
}

/** Wheels for the extra \`and-cuda\` of TensorFlow ${version}. */
export const NVIDIA_WHEELS: readonly NvidiaWheel[] = [
${rows.join('\n')}
];
`,
);
console.log(`${rows.length} wheels for tensorflow ${version}`);
