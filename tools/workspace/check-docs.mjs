// npm run check:docs: a test runs every example in the documents, and every link inside the repository has a target.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkBlocks, documents } from './doc-blocks.mjs';
import { install, root } from './packages.mjs';
import { reportAll } from './report-all.mjs';

/** @returns {{name: string, problems: string}[]} One entry per check; `problems` is empty if it passes. */
export function checkDocs() {
  return [...checkBlocks(), checkLinks()];
}

/** Checks links between documents and to headings. */
function checkLinks() {
  const folder = join(root, 'tools', 'checks');
  install('Installing the check tools', folder);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(folder, 'node_modules', 'remark-cli', 'cli.js'),
      ...['--rc-path', join(folder, '.remarkrc.js'), '--no-config', '--frail', '--quiet', '--no-stdout'],
      ...documents(),
    ],
    { cwd: root, encoding: 'utf8' },
  );
  return { name: 'links in documents', problems: status === 0 ? '' : `${stdout}${stderr}` };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) reportAll(checkDocs());
