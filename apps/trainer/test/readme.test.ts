import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { runReadmeExamples } from '../../../tools/workspace/readme-example.js';
import { studySchema } from '../src/compare/study-schema.js';
import { parseConfig } from '../src/index.js';

test("the examples of the trainer's README run", { timeout: 60_000 }, () =>
  runReadmeExamples(new URL('..', import.meta.url)),
);

test("the examples of the repository's README run", { timeout: 60_000 }, () =>
  runReadmeExamples(new URL('../../..', import.meta.url)),
);

const guides = new URL('../../../docs/guides/', import.meta.url);
const documents = [
  new URL('../README.md', import.meta.url),
  ...readdirSync(guides)
    .filter((name) => name.endsWith('.md'))
    .map((name) => new URL(name, guides)),
];

test.each(documents.map(String))('the configs in %s are configs', (document) => {
  const markdown = readFileSync(new URL(document), 'utf8');
  for (const [, text] of markdown.matchAll(/^```yaml\r?\n(.*?)^```/gms)) {
    if (/^arms:/m.test(text)) expect(studySchema.parse(parse(text))).toHaveProperty('seeds');
    else expect(parseConfig(text, { file: document })).toHaveProperty('seed');
  }
});
