// npm run release: publishes every package whose version the registry does not have, once all that is said of it holds.
// Versions are made before, by npm run release:version. CONTRIBUTING.md has both. --dry-run does everything but publish.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishedPackages, root } from './packages.mjs';

const dryRun = process.argv.includes('--dry-run');
const { GITHUB_ACTIONS, ACTIONS_ID_TOKEN_REQUEST_URL } = process.env;

// What an earlier build left would be published too.
for (const { path } of publishedPackages()) rmSync(join(path, 'dist'), { recursive: true, force: true });
node('tools/workspace/setup.mjs', '--types');
node('tools/workspace/check-packages.mjs');
node('tools/workspace/check-sizes.mjs');
node('tools/workspace/check-docs.mjs');
node('tools/workspace/check-licenses.mjs', '--sbom', 'sbom.cdx.json');
run('npm', 'audit', '--omit=dev');

if (dryRun) {
  for (const { manifest } of publishedPackages()) {
    run('npm', 'publish', '--dry-run', '--ignore-scripts', '--workspace', manifest.name);
  }
} else {
  const provenance = GITHUB_ACTIONS === 'true' && ACTIONS_ID_TOKEN_REQUEST_URL !== undefined;
  if (provenance) nameRepository();
  run(process.execPath, join(root, 'node_modules', '@changesets', 'cli', 'bin.js'), 'publish', {
    NPM_CONFIG_PROVENANCE: String(provenance),
  });
}

/** A registry takes a provenance only where the package names the repository that it was built in. */
function nameRepository() {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY } = process.env;
  for (const { path, manifest } of publishedPackages()) {
    manifest.repository ??= {
      type: 'git',
      url: `git+${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}.git`,
      directory: path.slice(root.length + 1).replaceAll('\\', '/'),
    };
    writeFileSync(join(path, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  }
}

function node(...args) {
  run(process.execPath, ...args);
}

function run(command, ...args) {
  const env = typeof args.at(-1) === 'object' ? args.pop() : {};
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: { ...process.env, ...env },
  });
  if (status === 0) return;
  console.error(
    `\n${args.includes('publish') ? 'Publishing' : 'Nothing was published:'} ${[command, ...args].join(' ')} failed.`,
  );
  process.exit(status || 1);
}
