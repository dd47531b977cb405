import { runReadmeExamples } from '@unitsphere/testing/readme-example';
import { expect, test } from 'vitest';

test('the example of the README runs', { timeout: 60_000 }, async () => {
  const [printed] = await runReadmeExamples(new URL('..', import.meta.url));
  expect(printed).toBe('256\n');
});
