import { machineLine } from '../measure/machine.js';
import { type Column, table } from '../table.js';
import { type AgreementReport, type AgreementRow, LIMIT } from './run-agreement.js';

/** The report as Markdown: the backends, a table of the operations and one of what they are put together to. */
export function printAgreement(report: AgreementReport): string {
  const { places, rows, coarse, problems, absent } = report;
  const columns: Column<AgreementRow>[] = [
    { title: '', value: ({ subject }) => subject, align: 'left' },
    ...places.map(({ name }) => ({ title: name, value: (row: AgreementRow) => cell(row, name) })),
  ];
  const isOperation = ({ group }: AgreementRow) => group === 'operations';
  const titled = (title: string) => [{ ...columns[0], title }, ...columns.slice(1)];
  return [
    `${machineLine(report.machine)}.`,
    '',
    ...places.map(({ name, device }) => `- ${name}: ${device}`),
    '',
    table(titled('operation, with its gradients'), rows.filter(isOperation)),
    '',
    table(
      titled('layer, norm, neck, loss or training'),
      rows.filter((row) => !isOperation(row)),
    ),
    '',
    largest(rows),
    ...coarse.map(({ subject, place, why }) => `- ${subject} on ${place} by nature: ${why}.`),
    ...problems.map((problem) => `- **Does not hold**: ${problem}`),
    ...Object.entries(absent).map(([name, why]) => `- Not there: ${name}: ${why}`),
  ].join('\n');
}

/** Absolute and relative; bold above the limit. */
function cell({ places }: AgreementRow, place: string): string {
  const worst = places[place];
  if (!worst) return '–';
  const { absolute, relative } = worst;
  const text = `${figure(absolute.value)} · ${figure(relative.value)}`;
  return relative.value > LIMIT ? `**${text}**` : text;
}

function figure(value: number): string {
  return value === 0 ? '0' : value.toExponential(1);
}

/** Where the largest relative difference of all is. */
function largest(rows: readonly AgreementRow[]): string {
  const all = rows.flatMap(({ places }) =>
    Object.entries(places).map(([place, { relative }]) => ({ place, ...relative })),
  );
  const worst = all.reduce((a, b) => (b.value > a.value ? b : a));
  const above = all.filter(({ value }) => value > LIMIT).length;
  return `- The largest relative difference: ${figure(worst.value)}, ${worst.place}, ${worst.in}. Above ${LIMIT}: ${above || 'none'}.`;
}
