// The prose of the repository against the word list: documents, comments, error messages, test names.
//   node tools/prose/check-prose.mjs            all of it
//   node tools/prose/check-prose.mjs FILES…     some files
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TextlintKernel } from '@textlint/kernel';
import markdown from '@textlint/textlint-plugin-markdown';
import { root } from '../workspace/packages.mjs';
import { reportAll } from '../workspace/report-all.mjs';
import { codePlugin } from './code-plugin.mjs';
import { plainEnglish } from './plain-english.mjs';

// Words drawn on documents are data; LICENSE and changelogs are not ours to word; the word list quotes what it forbids.
const NOT_PROSE =
  /(^|\/)(words|fixtures|files|results)\/|CHANGELOG\.md$|\.generated\.ts$|^tools\/prose\/(word-list\.mjs|check-prose\.test\.ts)$/;

/** Lints files, all tracked ones by default. @returns {Promise<{name: string, problems: string}[]>} */
export async function checkProse(files = trackedFiles()) {
  const problems = await Promise.all(
    files.map(async (file) => lint(file, await readFile(join(root, file), 'utf8'))),
  );
  return [{ name: `prose of ${files.length} files`, problems: problems.flat().join('\n') }];
}

/** @returns {Promise<string[]>} One line a problem: file, line, what to write instead. */
export async function lint(file, text) {
  const { messages } = await new TextlintKernel().lintText(text, {
    filePath: file,
    ext: extname(file),
    plugins: [
      { pluginId: 'markdown', plugin: markdown.default ?? markdown },
      { pluginId: 'code', plugin: codePlugin },
    ],
    rules: [{ ruleId: 'plain-english', rule: plainEnglish }],
  });
  return messages.map(({ loc, message }) => `${file}:${loc.start.line}: ${message}`);
}

function trackedFiles() {
  return execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '*.md', '*.ts', '*.mjs', '*.js'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  )
    .split('\n')
    .filter((file) => file && !NOT_PROSE.test(file) && existsSync(join(root, file)));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const files = process.argv.slice(2);
  reportAll(await checkProse(files.length ? files : undefined));
}
