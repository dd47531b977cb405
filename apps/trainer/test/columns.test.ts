import { describe, expect, test } from 'vitest';
import { formatTable, wrapText } from '../src/commands/columns.js';
import { type Figures, formatResults } from '../src/commands/format-results.js';

const SUMMARY = {
  pairKind: 'augmented',
  tprAtFpr: { '1e-1': 0.99, '1e-2': 0.95, '1e-3': 0.83, '1e-4': null },
  auroc: 0.9876,
  pairs: { positive: 123_240, negative: 12_324_405 },
  thresholds: { '1e-1': 0.2, '1e-2': 0.4, '1e-3': 0.5, '1e-4': null },
  intervals: { '1e-1': { low: 0.98, high: 0.995 }, '1e-3': { low: 0.8, high: 0.86 } },
  intervalsOver: 'identities',
  aurocInterval: { low: 0.98, high: 0.99 },
  resolved: { '1e-1': true, '1e-2': true, '1e-3': true, '1e-4': false },
  identities: 1590,
  images: 12_810,
} as const;
const FIGURES: Figures = {
  heldOut: SUMMARY,
  copies: SUMMARY,
  untrained: SUMMARY,
  rank1: { heldOut: 0.97, untrained: 0.4 },
};

const longest = (lines: readonly string[]) => Math.max(...lines.map((line) => line.length));

describe('the table of results', () => {
  test.each([
    [30, ['trained']],
    [45, ['trained', '95 % interval']],
    [60, ['trained', 'before training', '95 % interval', 'threshold']],
    [80, ['trained', 'before training', '95 % interval', 'threshold']],
    [120, ['trained', 'before training', '95 % interval', 'threshold']],
  ])('fits %i columns and keeps what matters most', (width, columns) => {
    const lines = formatResults(FIGURES, width);
    expect(longest(lines)).toBeLessThanOrEqual(width);
    const text = lines.join(' ');
    for (const word of columns.flatMap((title) => title.split(' '))) expect(text).toContain(word);
    expect(text.includes('threshold')).toBe(columns.includes('threshold'));
    expect(lines.find((line) => line.startsWith('TPR at FPR 1e-3'))).toContain('0.830');
  });

  test('says what its intervals assume', () => {
    expect(formatResults(FIGURES, 80)).toContain('The intervals are for other identities of the same kind.');
    const older = { heldOut: { ...SUMMARY, intervalsOver: undefined, aurocInterval: undefined } };
    expect(formatResults(older, 200).join('\n')).toContain('The intervals assume independent pairs');
  });
});

describe('formatTable', () => {
  const titles = ['', 'a long title', 'b', 'c'];
  const rows = [['row', '1.5', '22.25', '3']];

  test('keeps titles in one line if they fit', () => {
    expect(formatTable(titles, rows, { width: 28 })).toEqual({
      head: ['     a long title      b  c'],
      rows: ['row           1.5  22.25  3'],
      omitted: [],
    });
  });

  test('breaks titles before it leaves out columns, and leaves out optional ones only', () => {
    expect(formatTable(titles, rows, { width: 26, optional: ['b'] })).toEqual({
      head: ['     a long', '      title      b  c'],
      rows: ['row     1.5  22.25  3'],
      omitted: [],
    });
    const narrow = formatTable(titles, rows, { width: 5, optional: ['b'] });
    expect(narrow.omitted).toEqual(['b']);
    expect(narrow.rows).toEqual(['row     1.5  3']);
  });
});

test('wrapText breaks at spaces and leaves long words whole', () => {
  expect(wrapText('a bb ccc verylongword d', 6)).toEqual(['a bb', 'ccc', 'verylongword', 'd']);
  expect(wrapText('any length', Number.POSITIVE_INFINITY)).toEqual(['any length']);
});
