import { expect, test } from 'vitest';
import { runReadmeExamples } from '../../../tools/workspace/readme-example.js';

test('the example of the README runs, and prints what it says', { timeout: 60_000 }, async () => {
  const [printed] = await runReadmeExamples(new URL('..', import.meta.url));
  expect(printed).toBe('safetensors 0 0\n');
});
