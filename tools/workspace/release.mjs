// npm run release: checks all packages, then publishes every package whose version the registry lacks.
// Run `npm run release:version` first; see CONTRIBUTING.md. With --dry-run it does everything except publishing.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { releaseProblems } from '../../packages/native/scripts/check-binary.mjs';
import { binariesFolder } from '../../packages/native/scripts/compile.mjs';
import { stagePackages } from '../../packages/native/scripts/stage-packages.mjs';
import { npmCommand } from './npm-command.mjs';
import { publishedPackages, root } from './packages.mjs';

const dryRun = process.argv.includes('--dry-run');
const { GITHUB_ACTIONS, ACTIONS_ID_TOKEN_REQUEST_URL } = process.env;

// Files that an earlier build left in dist would also be published.
for (const { path } of publishedPackages()) rmSync(join(path, 'dist'), { recursive: true, force: true });
node('tools/workspace/setup.mjs', '--types');
node('tools/workspace/check-packages.mjs');
node('tools/workspace/check-sizes.mjs');
node('tools/workspace/check-docs.mjs');
node('tools/workspace/check-licenses.mjs', '--sbom', 'sbom.cdx.json');
node('tools/workspace/check-lockfile.mjs');
run(npmCommand('audit', '--omit=dev'));

// The packages with the native addon's binaries, and last the one that requires them, which changesets publishes.
const staged = stagePackages().map(({ folder }) => folder);
const isReleased = isPublished(staged.at(-1));
const platformPackages = isReleased ? [] : staged.slice(0, -1);
const unfinished = isReleased ? [] : releaseProblems(binariesFolder);
for (const problem of unfinished) console.error(`@unitsphere/native: ${problem}`);

if (dryRun) {
  for (const folder of platformPackages) run(npmCommand('publish', '--dry-run', folder));
  for (const { path, manifest } of publishedPackages()) {
    const folder = join(path, manifest.publishConfig?.directory ?? '.');
    run(npmCommand('publish', '--dry-run', '--ignore-scripts', folder));
  }
} else {
  if (unfinished.length > 0) {
    console.error('\nThe platform packages are incomplete. No package was published.');
    process.exit(1);
  }
  // A provenance states the workflow that built a package, so it requires an identity token of GitHub Actions.
  const provenance = {
    NPM_CONFIG_PROVENANCE: String(GITHUB_ACTIONS === 'true' && ACTIONS_ID_TOKEN_REQUEST_URL !== undefined),
  };
  for (const folder of platformPackages) {
    if (!isPublished(folder)) run(npmCommand('publish', folder, '--tag', currentTag()), provenance);
  }
  run(
    [process.execPath, [join(root, 'node_modules', '@changesets', 'cli', 'bin.js'), 'publish']],
    provenance,
  );
}

/** Returns whether the registry has the version of a folder's package. */
function isPublished(folder) {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const [command, args] = npmCommand('view', `${name}@${version}`, 'version');
  return spawnSync(command, args, { encoding: 'utf8' }).stdout.trim() === version;
}

/** Returns npm's tag that changesets publishes under: the previews' tag, or `latest`. */
function currentTag() {
  const previews = join(root, '.changeset', 'pre.json');
  return existsSync(previews) ? JSON.parse(readFileSync(previews, 'utf8')).tag : 'latest';
}

function node(...args) {
  run([process.execPath, args]);
}

function run([command, args], env = {}) {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (status === 0) return;
  const line = [command, ...args].join(' ');
  console.error(
    args.includes('publish') ? `\n${line} failed.` : `\n${line} failed. No package was published.`,
  );
  process.exit(status || 1);
}
