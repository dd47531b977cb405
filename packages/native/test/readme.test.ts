import { runReadmeExamples } from '@unitsphere/testing/readme-example';
import { test } from 'vitest';

test('the examples of the README run', { timeout: 60_000 }, () =>
  runReadmeExamples(new URL('..', import.meta.url)),
);
