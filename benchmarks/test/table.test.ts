import { expect, test } from 'vitest';
import { formatDigits, formatMegabytes, formatSummary } from '../src/format.js';
import { renderTable } from '../src/table.js';

test('pads a Markdown table so that its columns are aligned', () => {
  const text = renderTable<[string, number]>(
    [
      { title: 'who', value: ([who]) => who, align: 'left' },
      { title: 'ms', value: ([, ms]) => ms.toFixed(1) },
    ],
    [
      ['a', 1],
      ['longer', 123.45],
    ],
  );
  expect(text.split('\n')).toEqual([
    '| who    |    ms |',
    '| ------ | ----: |',
    '| a      |   1.0 |',
    '| longer | 123.5 |',
  ]);
});

test('formats three significant digits', () => {
  expect([1234.5, 45.678, 2.3456, 0.12345].map(formatDigits)).toEqual(['1235', '45.7', '2.35', '0.123']);
  expect(formatSummary({ median: 2, low: 1.5, high: 30, repetitions: 3 })).toBe('2.00 (1.50–30.0)');
  expect(formatMegabytes(1_234_567)).toBe('1');
});
