// npm run typecheck: the types of every folder with a tsconfig.json, by TypeScript 7, which is several times faster than 5.9.
// It requires the declarations of the build: npm run build.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { install, root } from './packages.mjs';
import { reportAll } from './report-all.mjs';

const checks = join(root, 'tools', 'checks');

/** @returns {{name: string, problems: string}[]} One entry; `problems` is empty if every folder passes. */
export function checkTypes() {
  install('Installing the check tools', checks);
  const problems = foldersWithTypes().map((folder) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [
        join(checks, 'node_modules', 'typescript-7', 'bin', 'tsc'),
        ...['--noEmit', '--project', folder],
        // As in TypeScript 5.9, by which declarations are built. Build plugins resolve some of our imports.
        ...['--noUncheckedSideEffectImports', 'false'],
      ],
      { cwd: root, encoding: 'utf8' },
    );
    return status === 0 ? '' : `${relative(root, folder)}:\n${stdout}${stderr}`;
  });
  return [{ name: 'types', problems: problems.join('') }];
}

function foldersWithTypes() {
  const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return workspaces
    .flatMap((pattern) => {
      if (!pattern.endsWith('/*')) return [join(root, pattern)];
      const parent = join(root, pattern.slice(0, -2));
      return readdirSync(parent).map((name) => join(parent, name));
    })
    .filter((folder) => existsSync(join(folder, 'tsconfig.json')));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) reportAll(checkTypes());
