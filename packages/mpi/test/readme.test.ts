import { runReadmeExamples } from '@unitsphere/testing/readme-example';
import { expect, test } from 'vitest';
import { installedLaunchers } from './fixtures/launchers.js';

test.skipIf(installedLaunchers.length === 0)(
  'the examples of the README run without a launcher',
  async () => {
    expect(await runReadmeExamples(new URL('..', import.meta.url))).toEqual(['[ 0, 0 ]\n', '1\n']);
  },
);
