// Rules of style that the linter has no rule for.
//   npm run check:style
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './packages.mjs';
import { reportAll } from './report-all.mjs';

const RULES = [
  {
    // A private constructor has no form with #.
    find: /^\s+private (?!constructor\b)|^\s+constructor\((.*[(,]\s*)?private /,
    say: 'write #name instead of the modifier private',
  },
];

/** Checks every tracked TypeScript file. @returns {{name: string, problems: string}[]} */
export function checkStyle() {
  const files = execFileSync('git', ['ls-files', '*.ts'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
  const problems = files.flatMap((file) => {
    let text;
    try {
      text = readFileSync(join(root, file), 'utf8');
    } catch {
      return []; // deleted, but not yet committed
    }
    return findProblems(text).map(({ line, say }) => `${file}:${line}: ${say}`);
  });
  return [{ name: `style of ${files.length} files`, problems: problems.join('\n') }];
}

/** Returns the lines of a file that break a rule. */
export function findProblems(text) {
  return text
    .split('\n')
    .flatMap((line, i) =>
      RULES.filter(({ find }) => find.test(line)).map(({ say }) => ({ line: i + 1, say })),
    );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) reportAll(checkStyle());
