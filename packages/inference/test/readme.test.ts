import { runReadmeExamples } from '@unitsphere/testing/readme-example';
import { test } from 'vitest';

test('runs the examples of the README', { timeout: 60_000 }, () =>
  runReadmeExamples(new URL('..', import.meta.url)),
);
