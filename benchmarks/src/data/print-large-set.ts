import { formatMachine } from '../measure/machine.js';
import { renderTable } from '../table.js';
import type { LargeSetReport, LargeSetRun } from './run-large-set.js';

/** Renders the report as Markdown: a row for each format. */
export function printLargeSet({ size, steps, settings, machine, runs }: LargeSetReport): string {
  const count = (n: number) => n.toLocaleString('en');
  const [first] = runs;
  const isSame = runs.every(
    ({ losses }) =>
      losses.length === first.losses.length && losses.every((loss, i) => loss === first.losses[i]),
  );
  const largest = Math.max(...runs.map(({ peakRss }) => peakRss));
  return [
    `- Images: ${count(size.identities * size.images)} JPEG files of ${size.side} px in ${count(size.identities)} identities, written by \`npm run bench -- make-images\`; ${count(steps)} steps.`,
    `- Settings: \`${settings.join('`, `')}\`.`,
    `- Machine: ${formatMachine(machine)}.`,
    '',
    renderTable<LargeSetRun>(
      [
        { title: 'format', value: ({ format }) => format, align: 'left' },
        { title: 'peak memory, MiB', value: ({ peakRss }) => String(Math.round(peakRss / 2 ** 20)) },
        { title: 'seconds', value: ({ seconds }) => String(Math.round(seconds)) },
        { title: 'first loss', value: ({ losses }) => String(losses[0]) },
        { title: 'last loss', value: ({ losses }) => String(losses.at(-1)) },
      ],
      runs,
    ),
    '',
    ...(runs.length > 1
      ? [
          `- The losses of all ${first.losses.length} steps are ${isSame ? 'the same' : 'NOT the same'} from every format.`,
        ]
      : []),
    `- The highest peak is ${(largest / 2 ** 30).toFixed(2)} GiB.`,
  ].join('\n');
}
