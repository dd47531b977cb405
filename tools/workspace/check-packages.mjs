// npm run check:packages: publint and "are the types wrong" on every published package, as npm would pack it.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { publishedPackages, root } from './packages.mjs';
import { reportAll } from './report-all.mjs';

/** @returns {{name: string, problems: string}[]} One entry per check; `problems` is empty if it passes. */
export function checkPackages() {
  return publishedPackages().flatMap(({ path, manifest }) => {
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
    return checks.map(({ tool, args }) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: path, encoding: 'utf8' });
      return { name: `${tool} ${manifest.name}`, problems: status === 0 ? '' : `${stdout}${stderr}` };
    });
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) reportAll(checkPackages());
