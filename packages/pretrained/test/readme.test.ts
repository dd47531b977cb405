import { runReadmeExamples } from '@unitsphere/testing/readme-example';
import { expect, test } from 'vitest';

test('runs the example of the README, which prints its comment', { timeout: 60_000 }, async () => {
  const [printed] = await runReadmeExamples(new URL('..', import.meta.url));
  expect(printed).toBe('safetensors 0 0\n');
});
