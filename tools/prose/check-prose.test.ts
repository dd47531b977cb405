import { expect, test } from 'vitest';
import { lint } from './check-prose.mjs';
import { PATTERNS, SPELLINGS } from './word-list.mjs';

test.each(PATTERNS)('finds "$not" and accepts "$but"', async ({ not, but, say }) => {
  const problems = await lint('a.md', `# Title\n\nA first sentence. ${not}\n`);
  expect(problems).toEqual([expect.stringMatching(/^a\.md:3: /)]);
  expect(problems[0]).toContain(say);
  expect(await lint('a.md', `${but}\n`)).toEqual([]);
});

test('reads comments, docstrings, errors and test names of code, by line', async () => {
  const code = [
    "import x from 'x';",
    '/**',
    ' * Returns a number.',
    ' * @throws Error which of two fails.',
    ' */',
    'const a = 1; // none of none',
    "throw new Error('count must be an integer from 0.');",
    "test('a test that goes on with its file', () => {});",
    '// A comment',
    '// that is told over two lines.',
  ].join('\n');
  const lines = (await lint('a.ts', code)).map((problem) => problem.split(':')[1]);
  expect(lines).toEqual(['4', '6', '7', '8', '10']);
});

test('leaves code, addresses and other names alone', async () => {
  const code =
    "const colour = { labelledby: 'aria-labelledby' }; // `colour` is at https://example.org/colour";
  expect(await lint('a.ts', code)).toEqual([]);
});

test.each(Object.entries(SPELLINGS))('asks for the American form of %s', async (british, american) => {
  const [problem] = await lint('a.md', `A sentence with ${british}s in it.\n`);
  expect(problem).toContain(american);
});

test('asks to cut a sentence of more than 45 words', async () => {
  const words = (count: number) => `${Array(count).fill('word').join(' ')}.\n`;
  expect(await lint('a.md', words(45))).toEqual([]);
  expect(await lint('a.md', words(46))).toHaveLength(1);
});
