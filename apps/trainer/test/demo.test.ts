import { expect, test } from 'vitest';
import { formatDemo } from '../src/commands/demo.js';
import { runDemo } from '../src/demo/run-demo.js';

test('recognizes most photographs of generated documents with the shipped model', async () => {
  const result = await runDemo({ model: 'document-small', documents: 4, photographs: 2 });
  const { recognitions } = result;
  expect(recognitions).toHaveLength(8);
  expect(recognitions.filter(({ document, found }) => document === found).length).toBeGreaterThan(5);
  for (const { score, next } of recognitions) expect(score).toBeGreaterThanOrEqual(next);
  const lines = formatDemo(result, 100);
  for (const { document } of recognitions) expect(lines.join('\n')).toContain(document);
  expect(lines.at(-2)).toMatch(/^[678] of 8 photographs recognized, in \d+ ms each on \w+$/);
  for (const line of formatDemo(result, 60)) expect(line.length).toBeLessThanOrEqual(60);
});
