import { expect, test } from 'vitest';
import { findProblems } from './check-style.mjs';

test('finds private members and parameters, and accepts private constructors and #names', () => {
  const lines = [
    'class A {',
    '  private readonly x = 1;',
    '  private constructor(readonly y: number) {}',
    '  #z = 2;',
    '  constructor(private w: number) {}',
    '  // a private comment',
    '}',
  ];
  expect(findProblems(lines.join('\n')).map(({ line }) => line)).toEqual([2, 5]);
});
