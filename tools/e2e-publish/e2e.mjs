// npm run e2e:publish [-- CONSUMER…]: publishes every package to a registry on loopback, then installs, type-checks and runs
// each folder of consumers/ outside the repository with the packages from that registry. See README.md.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stagePackages } from '../../packages/native/scripts/stage-packages.mjs';
import { npmCommand } from '../workspace/npm-command.mjs';
import { install, publishedPackages, root } from '../workspace/packages.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
install('Installing the registry', here);
const { cleanEnvironment, endAll, run } = await import('./processes.mjs');
const { startRegistry } = await import('./registry.mjs');
const { consumerNames, runConsumer } = await import('./consumer.mjs');
const { missingBrowser } = await import('./browser.mjs');

/** The consumers that take longest. */
const LONG = ['guides', 'npx-trainer', 'recognition', 'bundlers'];
const names = process.argv.length > 2 ? process.argv.slice(2) : [...consumerNames];
const unknown = names.filter((name) => !consumerNames.includes(name));
if (unknown.length > 0) {
  console.error(`There is no consumer ${unknown.join(', ')}. Consumers: ${consumerNames.join(', ')}.`);
  process.exit(2);
}
if (missingBrowser) {
  console.error(`e2e:publish requires a browser: ${missingBrowser}`);
  process.exit(2);
}

// On some systems the temporary folder is a link. Consumers compare real paths.
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'unitsphere-publish-')));
const cleanUp = () => {
  endAll();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
};
for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.on(signal, () => {
    console.error('\nStopped.');
    cleanUp();
    process.exit(status);
  });
}

const startedAt = Date.now();
const results = [];
try {
  const { npmrc, published } = await publishAll();
  if (names.includes('native') && !published.some(isForThisSystem)) {
    console.error('– native skipped: the addon is not built for this system. Run npm run build:native.');
    names.splice(names.indexOf('native'), 1);
  }
  // A long consumer that starts last would leave a core idle.
  const waiting = [
    ...LONG.filter((name) => names.includes(name)),
    ...names.filter((name) => !LONG.includes(name)),
  ];
  const worker = async () => {
    for (let name = waiting.shift(); name; name = waiting.shift())
      results.push(await tryConsumer(name, npmrc));
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
} catch (error) {
  console.error(error.message);
  results.push({ name: 'publishing', steps: [], error });
} finally {
  cleanUp();
}
printTable();
process.exit(results.some(({ error }) => error) ? 1 : 0);

/** Rebuilds and publishes every package. Returns the content of an .npmrc that installs them, and their names. */
async function publishAll() {
  const packages = publishedPackages();
  // Files that an earlier build left in dist would also be published.
  for (const { path } of packages) rmSync(join(path, 'dist'), { recursive: true, force: true });
  const build = spawnSync(process.execPath, [join(root, 'tools', 'workspace', 'setup.mjs'), '--types'], {
    stdio: 'inherit',
  });
  if (build.status !== 0) throw new Error('The build failed; see above.');

  process.stderr.write('Publishing … ');
  const began = Date.now();
  // As in a release, @unitsphere/native is published from the folder that its packages of platforms are beside.
  const staged = stagePackages({ to: join(folder, 'native-packages') });
  const own = packages.filter(({ manifest }) => !staged.some(({ name }) => name === manifest.name));
  const published = [...own.map(({ manifest }) => manifest.name), ...staged.map(({ name }) => name)];
  const registry = await startRegistry(folder, published);
  const settings = join(folder, 'npmrc');
  writeFileSync(settings, registry.npmrc);
  const publish = (...what) =>
    run(...npmCommand('publish', ...what, '--ignore-scripts', '--provenance=false', '--loglevel=error'), {
      cwd: root,
      env: cleanEnvironment({ npm_config_userconfig: settings }),
    });
  await publish(...own.map(({ manifest }) => `--workspace=${manifest.name}`));
  for (const { folder: path } of staged) await publish(path);
  for (const name of published) {
    const answer = await fetch(`${registry.address}${name.replace('/', '%2f')}`);
    const { versions = {} } = await answer.json();
    if (Object.keys(versions).length !== 1) throw new Error(`The registry lacks ${name}.`);
  }
  console.error(`${published.length} packages, ${seconds(began)} s`);
  return { npmrc: registry.npmrc, published };
}

function isForThisSystem(name) {
  return name.startsWith(`@unitsphere/native-${process.platform}-${process.arch}`);
}

async function tryConsumer(name, npmrc) {
  const began = Date.now();
  const steps = [];
  const step = (what) => steps.push({ what, began: Date.now() });
  try {
    await runConsumer(name, join(folder, name), npmrc, step);
    console.error(`✓ ${name} ${seconds(began)} s`);
    return { name, steps, began, ended: Date.now() };
  } catch (error) {
    console.error(`✗ ${name}: ${steps.at(-1)?.what ?? 'copy'}\n${error.message}\n`);
    return { name, steps, began, ended: Date.now(), error };
  }
}

function printTable() {
  const rows = results
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, steps, began, ended, error }) => [
      name,
      error ? '✗' : '✓',
      steps
        .map(({ what, began }, i) => `${what} ${seconds(began, steps[i + 1]?.began ?? ended)} s`)
        .join(', ') + (error ? `: ${error.message.split('\n')[0]}` : ''),
      ended ? `${seconds(began, ended)} s` : '',
    ]);
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i].length)));
  console.log();
  for (const row of rows)
    console.log(
      row
        .map((text, i) => text.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  console.log(`\n${rows.length} consumers in ${seconds(startedAt)} s`);
}

function seconds(began, ended = Date.now()) {
  return ((ended - began) / 1000).toFixed(ended - began < 9950 ? 1 : 0);
}
