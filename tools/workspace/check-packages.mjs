// npm run check:packages: publint and "are the types wrong" on every published package, as npm would pack it; its manifest.
import { spawnSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { publishedPackages, root } from './packages.mjs';
import { reportAll } from './report-all.mjs';

const REPOSITORY = 'https://github.com/unitsphere/unitsphere';
const LICENSE = 'Apache-2.0';
const AUTHOR = 'The unitsphere authors';
/** The range of TensorFlow.js. Our kernels replace parts of its implementation, which a minor version may change. */
const TENSORFLOW = '~4.22.0';
const FILES = ['dist', 'CHANGELOG.md', 'README.md'];

/** @returns {{name: string, problems: string}[]} One entry per check; `problems` is empty if it passes. */
export function checkPackages() {
  return publishedPackages().flatMap(({ path, manifest }) => {
    const folder = relative(root, path).replaceAll('\\', '/');
    const checks = [
      { tool: 'publint', args: [join(root, 'node_modules', 'publint', 'src', 'cli.js'), '--strict'] },
    ];
    // A package without an entry for `require` is ESM-only by design.
    const profile = manifest.main ? [] : ['--profile', 'esm-only'];
    checks.push({
      tool: 'attw',
      args: [
        join(root, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js'),
        '--pack',
        '.',
        ...profile,
      ],
    });
    const results = checks.map(({ tool, args }) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: path, encoding: 'utf8' });
      return { name: `${tool} ${manifest.name}`, problems: status === 0 ? '' : `${stdout}${stderr}` };
    });
    return [
      ...results,
      { name: `manifest of ${manifest.name}`, problems: manifestProblems(folder, manifest).join('\n') },
    ];
  });
}

/** Returns a line for each field of a manifest that is missing or wrong. `folder` is the package's path in the repository. */
export function manifestProblems(folder, manifest) {
  const { keywords = [], files = [], peerDependencies = {}, peerDependenciesMeta = {} } = manifest;
  const expected = {
    license: LICENSE,
    author: AUTHOR,
    homepage: `${REPOSITORY}/tree/main/${folder}#readme`,
    repository: { type: 'git', url: `git+${REPOSITORY}.git`, directory: folder },
    bugs: { url: `${REPOSITORY}/issues` },
  };
  const ranges = Object.entries(peerDependencies).filter(([name]) => name.startsWith('@tensorflow/'));
  const optional = Object.keys(peerDependenciesMeta).filter((name) => !(name in peerDependencies));
  return [
    ...Object.entries(expected)
      .filter(([field, value]) => JSON.stringify(manifest[field]) !== JSON.stringify(value))
      .map(([field, value]) => `"${field}" must be ${JSON.stringify(value)}.`),
    ...(manifest.description ? [] : ['"description" is missing.']),
    ...(new Set(keywords).size >= 5 && new Set(keywords).size === keywords.length
      ? []
      : ['"keywords" must be at least 5 different words.']),
    ...FILES.filter((name) => !files.includes(name)).map((name) => `"files" must include "${name}".`),
    ...ranges
      .filter(([, range]) => range !== TENSORFLOW)
      .map(([name, range]) => `the peer dependency on ${name} must be "${TENSORFLOW}", not "${range}".`),
    ...optional.map((name) => `"peerDependenciesMeta" names ${name}, which is no peer dependency.`),
  ].map((problem) => `${folder}/package.json: ${problem}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) reportAll(checkPackages());
