import { formatMachine } from '../measure/machine.js';
import { type Column, renderTable } from '../table.js';
import { type AgreementReport, type AgreementRow, LIMIT } from './run-agreement.js';

/** Renders the report as Markdown: the backends, a table of operations, and a table of layers, losses and trainings. */
export function printAgreement(report: AgreementReport): string {
  const { places, rows, coarse, problems, absent } = report;
  const columns: Column<AgreementRow>[] = [
    { title: '', value: ({ subject }) => subject, align: 'left' },
    ...places.map(({ name }) => ({ title: name, value: (row: AgreementRow) => formatCell(row, name) })),
  ];
  const isOperation = ({ group }: AgreementRow) => group === 'operations';
  const withTitle = (title: string) => [{ ...columns[0], title }, ...columns.slice(1)];
  return [
    `- Machine: ${formatMachine(report.machine)}.`,
    ...places.map(({ name, device }) => `- ${name}: ${device}`),
    '',
    renderTable(withTitle('operation, with its gradients'), rows.filter(isOperation)),
    '',
    renderTable(
      withTitle('layer, norm, neck, loss or training'),
      rows.filter((row) => !isOperation(row)),
    ),
    '',
    renderLargest(rows),
    ...coarse.map(({ subject, place, why }) => `- ${subject} on ${place} is less precise: ${why}.`),
    ...problems.map((problem) => `- **Failed**: ${problem}`),
    ...Object.entries(absent).map(([name, why]) => `- Absent: ${name}: ${why}`),
  ].join('\n');
}

/** Formats the absolute and the relative difference, in bold if the latter is above the limit. */
function formatCell({ places }: AgreementRow, place: string): string {
  const worst = places[place];
  if (!worst) return '–';
  const { absolute, relative } = worst;
  const text = `${formatDifference(absolute.value)} · ${formatDifference(relative.value)}`;
  return relative.value > LIMIT ? `**${text}**` : text;
}

function formatDifference(value: number): string {
  return value === 0 ? '0' : value.toExponential(1);
}

/** Names the largest relative difference of all, and counts those above the limit. */
function renderLargest(rows: readonly AgreementRow[]): string {
  const all = rows.flatMap(({ places }) =>
    Object.entries(places).map(([place, { relative }]) => ({ place, ...relative })),
  );
  const worst = all.reduce((a, b) => (b.value > a.value ? b : a));
  const above = all.filter(({ value }) => value > LIMIT).length;
  return `- Largest relative difference: ${formatDifference(worst.value)}, on ${worst.place}, in ${worst.in}. Differences above ${LIMIT}: ${above || 'none'}.`;
}
