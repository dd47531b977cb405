// npm run check:sizes: the size budgets of the built packages, from tools/checks/.size-limit.js.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { install, root } from './packages.mjs';
import { reportAll } from './report-all.mjs';

const folder = join(root, 'tools', 'checks');

/** @returns {{name: string, problems: string}[]} One entry per budget; `problems` is empty if it is kept. */
export function checkSizes() {
  install('Installing the check tools', folder);
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(folder, 'node_modules', 'size-limit', 'bin.js'), '--json'],
    { cwd: folder, encoding: 'utf8' },
  );
  let sizes;
  try {
    sizes = JSON.parse(stdout);
  } catch {
    return [{ name: 'sizes', problems: `${stdout}${stderr}` }];
  }
  const kB = (bytes) => `${(bytes / 1000).toFixed(2)} kB`;
  return sizes.map(({ name, passed, size, sizeLimit }) => ({
    name: `size of ${name}: ${kB(size)} of ${kB(sizeLimit)}`,
    problems: passed
      ? ''
      : `${kB(size)} min+gzip exceeds the budget of ${kB(sizeLimit)} in tools/checks/.size-limit.js.`,
  }));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) reportAll(checkSizes());
