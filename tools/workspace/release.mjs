// npm run release: checks all packages, then publishes every package whose version the registry lacks.
// Run `npm run release:version` first; see CONTRIBUTING.md. With --dry-run it does everything except publishing.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
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

if (dryRun) {
  for (const { manifest } of publishedPackages()) {
    run(npmCommand('publish', '--dry-run', '--ignore-scripts', '--workspace', manifest.name));
  }
} else {
  // A provenance states the workflow that built a package, so it requires an identity token of GitHub Actions.
  const provenance = GITHUB_ACTIONS === 'true' && ACTIONS_ID_TOKEN_REQUEST_URL !== undefined;
  run([process.execPath, [join(root, 'node_modules', '@changesets', 'cli', 'bin.js'), 'publish']], {
    NPM_CONFIG_PROVENANCE: String(provenance),
  });
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
