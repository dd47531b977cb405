import { runReadmeExamples } from '@unitsphere/testing/readme-example';
import { expect, test } from 'vitest';

test('the examples of the README run', { timeout: 60_000 }, async () => {
  expect(await runReadmeExamples(new URL('..', import.meta.url))).toEqual(['[ 1, 10 ]\n']);
});
