import { formatMachine } from '../measure/machine.js';
import { summarize } from '../measure/statistics.js';
import { renderTable } from '../table.js';
import type { CalibrationFigures, RecognitionReport } from './run-recognition.js';

const percent = (value: number) => `${(100 * value).toFixed(2)} %`;

/** Renders the report as Markdown. */
export function printRecognition(report: RecognitionReport): string {
  const { model, fingerprint, machine, falseAcceptRate, calibration, cards } = report;
  const rates = (of: CalibrationFigures) => summarize(of.seeds.map(({ rate }) => rate));
  const ends = (of: CalibrationFigures, end: 'low' | 'high') =>
    summarize(of.seeds.map(({ interval }) => interval[end])).median;
  const within = ({ seeds }: CalibrationFigures) =>
    seeds.filter(({ rate, interval }) => rate >= interval.low && rate <= interval.high).length;
  const lines = [
    `- Model: ${model}, fingerprint ${fingerprint}.`,
    `- Machine: ${formatMachine(machine)}.`,
    `- Galleries are calibrated for a false accept rate of ${percent(falseAcceptRate)} from their own identities.`,
    '',
    renderTable<CalibrationFigures>(
      [
        { title: 'images', value: ({ images }) => images, align: 'left' },
        { title: 'enrolled', value: ({ identities }) => String(identities) },
        { title: 'strangers', value: ({ strangers }) => String(strangers) },
        {
          title: 'strangers accepted, median (lowest–highest)',
          value: (of) => {
            const { median, low, high } = rates(of);
            return `${percent(median)} (${percent(low)}–${percent(high)})`;
          },
        },
        {
          title: 'stated interval, median of its ends',
          value: (of) => `${percent(ends(of, 'low'))}–${percent(ends(of, 'high'))}`,
        },
        { title: 'within the interval', value: (of) => `${within(of)} of ${of.seeds.length} seeds` },
      ],
      calibration,
    ),
  ];
  if (!cards) return lines.join('\n');
  const interval = ({ low, high }: { low: number; high: number }) => `${low.toFixed(3)}–${high.toFixed(3)}`;
  const row = (what: string, rate: number, range: { low: number; high: number }, threshold?: number) => ({
    what,
    rate: rate.toFixed(3),
    interval: interval(range),
    threshold: threshold?.toFixed(4) ?? '',
  });
  const { calibrated } = cards;
  return [
    ...lines,
    '',
    `One clean picture of ${cards.enrolled} cards is enrolled. ${cards.copies} augmented copies of each are recognized; the clean picture and the copies of ${cards.strangers} other cards are strangers.`,
    '',
    renderTable<ReturnType<typeof row>>(
      [
        { title: 'figure', value: ({ what }) => what, align: 'left' },
        { title: 'rate', value: ({ rate }) => rate },
        { title: '95 % interval over cards', value: ({ interval }) => interval },
        { title: 'threshold', value: ({ threshold }) => threshold },
      ],
      [
        ...cards.ranks.map(({ rank, rate, interval }) => row(`rank-${rank}`, rate, interval)),
        ...cards.points
          .filter(({ resolved }) => resolved)
          .map((at) => row(`FNIR at FPIR ${percent(at.targetFpir)}`, at.fnir, at.fnirInterval, at.threshold)),
        row(
          'FPIR at the calibrated threshold',
          calibrated.fpir.rate,
          calibrated.fpir.interval,
          calibrated.threshold,
        ),
        ...(calibrated.fnir
          ? [row('FNIR at the calibrated threshold', calibrated.fnir.rate, calibrated.fnir.interval)]
          : []),
      ],
    ),
    ...describeDuplicates(calibrated),
  ].join('\n');
}

function describeDuplicates({
  duplicates,
  thresholdWithDuplicates,
}: NonNullable<RecognitionReport['cards']>['calibrated']): string[] {
  if (duplicates === 0) return [];
  const [pairs, them] =
    duplicates === 1
      ? ['One pair of enrolled cards looks', 'it']
      : [`${duplicates} pairs of enrolled cards look`, 'them'];
  return [
    '',
    `${pairs} like one card enrolled twice, and the calibration leaves ${them} out. With ${them}, the threshold would be ${thresholdWithDuplicates?.toFixed(4)}.`,
  ];
}
