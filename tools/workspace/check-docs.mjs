// Documents: every example is run by a test, and every link inside the repository leads somewhere.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkBlocks, documents } from './doc-blocks.mjs';
import { install, root } from './packages.mjs';
import { reportAll } from './report-all.mjs';

/** @returns {{name: string, problems: string}[]} One entry a check; problems is empty where it is clean. */
export function checkDocs() {
  return [...checkBlocks(), checkLinks()];
}

/** Links between documents, and to headings. */
function checkLinks() {
  const folder = join(root, 'tools', 'checks');
  install('Installing the tools of checks', folder);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(folder, 'node_modules', 'remark-cli', 'cli.js'),
      ...['--rc-path', join(folder, '.remarkrc.js'), '--no-config', '--frail', '--quiet', '--no-stdout'],
      ...documents(),
    ],
    { cwd: root, encoding: 'utf8' },
  );
  return { name: 'links of documents', problems: status === 0 ? '' : `${stdout}${stderr}` };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) reportAll(checkDocs());
