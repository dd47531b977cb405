// npm run check:packages: publint and "are the types wrong" on every published package, as npm would pack it; its manifest.
import { execFile } from 'node:child_process';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inParallel } from './in-parallel.mjs';
import { publishedPackages, root } from './packages.mjs';
import { reportAll } from './report-all.mjs';

const REPOSITORY = 'https://github.com/unitsphere/unitsphere';
const LICENSE = 'Apache-2.0';
const AUTHOR = 'The unitsphere authors';
/** The range of TensorFlow.js. Our kernels replace parts of its implementation, which a minor version may change. */
const TENSORFLOW = '~4.22.0';
const FILES = ['dist', 'CHANGELOG.md', 'README.md'];

/** @returns {Promise<{name: string, problems: string}[]>} One entry per check; `problems` is empty if it passes. */
export async function checkPackages() {
  const checks = publishedPackages().flatMap(({ path, manifest }) => {
    const folder = relative(root, path).replaceAll('\\', '/');
    // A package without an entry for `require` is ESM-only by design.
    const profile = manifest.main ? [] : ['--profile', 'esm-only'];
    const publint = join(root, 'node_modules', 'publint', 'src', 'cli.js');
    const attw = join(root, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js');
    return [
      { name: `publint ${manifest.name}`, check: () => problemsOf([publint, '--strict'], path) },
      { name: `attw ${manifest.name}`, check: () => problemsOf([attw, '--pack', '.', ...profile], path) },
      { name: `manifest of ${manifest.name}`, check: () => manifestProblems(folder, manifest).join('\n') },
    ];
  });
  return inParallel(
    checks.map(({ name, check }) => async () => ({ name, problems: await check() })),
  );
}

/** Runs a tool of Node in a folder. Returns its output if it fails, and otherwise an empty string. */
function problemsOf(args, cwd) {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      resolve(error ? `${stdout}${stderr}` || error.message : ''),
    );
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

if (import.meta.url === pathToFileURL(process.argv[1]).href) reportAll(await checkPackages());
