import { stripVTControlCharacters } from 'node:util';

/** Options of {@link formatTable}. */
export interface TableOptions {
  /** Most characters a line may have. */
  width: number;
  /** Titles of columns to leave out in a narrow terminal, the first one first. */
  optional?: readonly string[];
}

/** A table as lines of text. */
export interface TableLines {
  head: string[];
  rows: string[];
  /** Titles of the columns that were left out. */
  omitted: string[];
}

/**
 * Formats a table for a terminal: the first column to the left, the others to the right. If it is too wide, first its titles
 * take a second line, then optional columns are left out.
 */
export function formatTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  { width, optional = [] }: TableOptions,
): TableLines {
  const table = [titles, ...rows];
  if (tableWidth(table) <= width) {
    const [title, ...lines] = alignColumns(table);
    return { head: [title], rows: lines, omitted: [] };
  }
  const head = splitTitles(titles);
  const omitted: string[] = [];
  for (;;) {
    const kept = titles.flatMap((title, column) => (omitted.includes(title) ? [] : [column]));
    const pick = (row: readonly string[]) => kept.map((column) => row[column]);
    const lines = [...head, ...rows].map(pick);
    const next = optional[omitted.length];
    if (tableWidth(lines) > width && next !== undefined) {
      omitted.push(next);
      continue;
    }
    const aligned = alignColumns(lines);
    return { head: aligned.slice(0, head.length), rows: aligned.slice(head.length), omitted };
  }
}

/**
 * Breaks a text at spaces into lines of at most `width` characters, not counting colors. A longer word gets a line of its own.
 */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  const length = (part: string) => stripVTControlCharacters(part).length;
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && length(last) + 1 + length(word) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Splits titles into rows of cells, aligned at the bottom. */
function splitTitles(titles: readonly string[]): string[][] {
  const parts = titles.map(halve);
  const height = Math.max(...parts.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) =>
    parts.map((part) => part[line - height + part.length] ?? ''),
  );
}

/** Breaks a title of several words where its lines are shortest. */
function halve(title: string): string[] {
  const words = title.split(' ');
  const breaks = words
    .slice(1)
    .map((_, i) => [words.slice(0, i + 1).join(' '), words.slice(i + 1).join(' ')]);
  const length = (lines: string[]) => Math.max(...lines.map((line) => line.length));
  return breaks.reduce((best, lines) => (length(lines) < length(best) ? lines : best), [title]);
}

function columnWidths(rows: readonly (readonly string[])[]): number[] {
  return rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
}

function tableWidth(rows: readonly (readonly string[])[]): number {
  const widths = columnWidths(rows);
  return widths.reduce((sum, width) => sum + width, 2 * (widths.length - 1));
}

function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = columnWidths(rows);
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd(),
  );
}
