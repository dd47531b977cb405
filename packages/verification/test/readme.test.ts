import { test } from 'vitest';
import { runReadmeExamples } from '../../../tools/workspace/readme-example.js';

test('the examples of the README run', { timeout: 60_000 }, () =>
  runReadmeExamples(new URL('..', import.meta.url)),
);
