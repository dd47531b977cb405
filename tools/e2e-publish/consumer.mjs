// Runs one consumer: a folder of files that is copied out of the repository and gets all packages from the registry.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { blocksOf } from '../workspace/doc-blocks.mjs';
import { npmCommand } from '../workspace/npm-command.mjs';
import { root } from '../workspace/packages.mjs';
import { runInChromium } from './browser.mjs';
import { run, start } from './processes.mjs';

const consumers = fileURLToPath(new URL('consumers/', import.meta.url));
const shared = fileURLToPath(new URL('shared/', import.meta.url));

/** Names of all consumers. */
export const consumerNames = readdirSync(consumers).sort();

/**
 * Installs, checks and runs a consumer in a folder outside the repository. It runs the consumer's scripts `types` and
 * `start`, if they exist. The field `e2e` of its package.json has options.
 * - `shared`: Files of shared/ to copy into `src/`.
 * - `documents`: Files of the repository to copy into `documents/`.
 * - `readmes`: Packages whose README's TypeScript blocks become files in `src/readme/`.
 * - `runReadmes`: The path of each such file after compilation, with `*` for its name. Without it they are not run here.
 * - `declarations`: Whether to check our declaration files.
 * - `pages`: Pages of the build in `dist/` to open in Chromium.
 * - `installsItself`: Whether `start` installs the packages.
 * - `minutes`: How long a script may take; 4 by default.
 * @param step Called with the name of each step at its start.
 * @throws Error if any check fails.
 */
export async function runConsumer(name, folder, npmrc, step) {
  cpSync(join(consumers, name), folder, { recursive: true });
  writeFileSync(join(folder, '.npmrc'), npmrc);
  const { type, scripts = {}, e2e = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const npm = (...args) => run(...npmCommand(...args), { cwd: folder, minutes: e2e.minutes });

  for (const file of e2e.shared ?? [])
    cpSync(join(shared, file), join(folder, 'src', type === 'module' ? file : file.replace(/ts$/, 'cts')));

  for (const [i, document] of (e2e.documents ?? []).entries()) {
    cpSync(join(root, document), join(folder, 'documents', `${i}-${basename(document)}`));
  }

  if (!e2e.installsItself) {
    step('install');
    await npm('install', '--no-audit', '--no-fund', '--prefer-online', '--loglevel=error');
  }
  const readmes = (e2e.readmes ?? []).flatMap((of) => writeExamples(name, folder, of));
  for (const script of ['types', 'start']) {
    if (!scripts[script]) continue;
    step(script);
    await npm('run', '--silent', script);
  }
  if (e2e.declarations) {
    step('declarations');
    await checkDeclarations(folder);
  }
  if (e2e.runReadmes) {
    step('readme');
    for (const file of readmes)
      await run(process.execPath, [e2e.runReadmes.replace('*', file)], { cwd: folder });
  }
  step('copies');
  assertOurs(folder);
  assertOneCopy(folder, '@tensorflow/tfjs-core');
  for (const page of e2e.pages ?? []) {
    step(`page ${page.path}`);
    await runInChromium(folder, page);
  }
}

/**
 * Writes the TypeScript blocks of an installed package's README as modules. A block marked `ts check` is not run. A block
 * marked `ts run-by:CONSUMER` belongs to that consumer only.
 * @returns The names of the modules to run, without extension.
 */
function writeExamples(consumer, folder, name) {
  const readme = readFileSync(join(folder, 'node_modules', name, 'README.md'), 'utf8');
  const own = `ts run-by:${consumer}`;
  const blocks = blocksOf(readme).filter(({ info }) => /^ts\b/.test(info));
  if (blocks.length === 0) throw new Error(`The README of the installed ${name} has no example.`);
  mkdirSync(join(folder, 'src', 'readme'), { recursive: true });
  return blocks.flatMap(({ info, code }, i) => {
    if (!['ts', 'ts check', own].includes(info)) return [];
    const file = `${name.replace('@unitsphere/', '')}-${i + 1}`;
    writeFileSync(join(folder, 'src', 'readme', `${file}.ts`), `${code}\nexport {};\n`);
    return info === 'ts check' ? [] : [file];
  });
}

/** Checks our declaration files without skipLibCheck. Errors in those of TensorFlow.js are ignored. */
async function checkDeclarations(folder) {
  const tsc = join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
  const child = start(process.execPath, [tsc, '--noEmit', '--skipLibCheck', 'false'], { cwd: folder });
  await child.ended;
  const ours = child
    .output()
    .split('\n')
    .filter((line) => /^node_modules\/(@unitsphere|unitsphere)\//.test(line));
  if (ours.length > 0) throw new Error(`Our declaration files have errors:\n${ours.join('\n')}`);
}

/** Returns every folder `node_modules/NAME` below a folder. */
function copiesOf(folder, name) {
  const found = [];
  const visit = (modules) => {
    if (!existsSync(modules)) return;
    if (existsSync(join(modules, name, 'package.json'))) found.push(realpathSync(join(modules, name)));
    for (const entry of readdirSync(modules)) {
      if (entry.startsWith('.')) continue;
      const inner = entry.startsWith('@')
        ? readdirSync(join(modules, entry)).map((n) => join(entry, n))
        : [entry];
      for (const path of inner) visit(join(modules, path, 'node_modules'));
    }
  };
  visit(join(folder, 'node_modules'));
  return found;
}

function assertOneCopy(folder, name) {
  const copies = copiesOf(folder, name);
  if (copies.length !== 1)
    throw new Error(`Expected one copy of ${name}, found ${copies.length}:\n${copies.join('\n')}`);
}

/** Asserts that our packages are the registry's tarballs, unpacked in this folder, and not links into a repository. */
function assertOurs(folder) {
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  const ours = Object.entries(packages).filter(([path]) =>
    /(^|\/)node_modules\/(@unitsphere\/[^/]+|unitsphere)$/.test(path),
  );
  if (ours.length === 0) throw new Error('None of our packages is installed.');
  for (const [path, { link, integrity }] of ours) {
    const real = realpathSync(join(folder, path));
    if (!existsSync(join(real, 'LICENSE'))) throw new Error(`${path} has no LICENSE.`);
    if (link || !integrity || !real.startsWith(realpathSync(folder)) || dirname(real) === folder) {
      throw new Error(`${path} is not a package from the registry.`);
    }
  }
}
