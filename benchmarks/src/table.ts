/** One column of a table. */
export interface Column<Row> {
  title: string;
  value(row: Row): string;
  align?: 'left' | 'right';
}

/** Renders a Markdown table, padded so that it also reads well on a console. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => columns.map((c) => c.value(row)))];
  const widths = columns.map((_, i) => Math.max(3, ...cells.map((line) => line[i].length)));
  const line = (texts: string[]) =>
    `| ${texts
      .map((text, i) => (isRightAligned(columns[i]) ? text.padStart(widths[i]) : text.padEnd(widths[i])))
      .join(' | ')} |`;
  const rule = widths.map((width, i) =>
    isRightAligned(columns[i]) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  return [line(cells[0]), line(rule), ...cells.slice(1).map(line)].join('\n');
}

function isRightAligned<Row>({ align = 'right' }: Column<Row>): boolean {
  return align === 'right';
}
