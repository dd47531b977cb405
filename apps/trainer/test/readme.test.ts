import { readdirSync, readFileSync } from 'node:fs';
import { runReadmeExamples } from '@unitsphere/testing/readme-example';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { studySchema } from '../src/compare/study-schema.js';
import { parseConfig } from '../src/index.js';

test("runs the examples of the trainer's README", { timeout: 60_000 }, () =>
  runReadmeExamples(new URL('..', import.meta.url)),
);

test("runs the examples of the repository's README", { timeout: 60_000 }, () =>
  runReadmeExamples(new URL('../../..', import.meta.url)),
);

const guides = new URL('../../../docs/guides/', import.meta.url);
const documents = [
  new URL('../README.md', import.meta.url),
  ...readdirSync(guides)
    .filter((name) => name.endsWith('.md'))
    .map((name) => new URL(name, guides)),
];

test.each(documents.map(String))('every config in %s is valid', (document) => {
  const markdown = readFileSync(new URL(document), 'utf8');
  for (const [, text] of markdown.matchAll(/^```yaml\r?\n(.*?)^```/gms)) {
    if (/^arms:/m.test(text)) expect(studySchema.parse(parse(text))).toHaveProperty('seeds');
    else expect(parseConfig(text, { file: document })).toHaveProperty('seed');
  }
});
