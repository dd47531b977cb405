import { runReadmeExamples } from '@unitsphere/testing/readme-example';
import { expect, test } from 'vitest';

test('the examples of the README print their comments', { timeout: 60_000 }, async () => {
  const printed = await runReadmeExamples(new URL('..', import.meta.url));
  expect(printed).toEqual(['2 1 49152\n', '112 112 256 160\n']);
});
