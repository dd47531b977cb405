import type { Calibration, Gallery } from '@unitsphere/recognition';
import { formatTable, wrapText } from './columns.js';
import { colors } from './console.js';
import { oneLine } from './format-recognition.js';
import { pathArgument } from './relative-path.js';

/** Thresholds that are compared with the calibrated one. */
const COMPARED = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
/** Pairs and strangers that are named. */
const MOST_NAMED = 5;

/** Formats a rate, such as 0.0123, with two digits. */
export function percent(rate: number): string {
  return `${Number((100 * rate).toPrecision(2))} %`;
}

/** Formats an interval of rates. */
export function percentInterval({ low, high }: { low: number; high: number }): string {
  return `${percent(low)} to ${percent(high)}`;
}

/** Describes in a sentence what a calibration chose, and from what. */
function summarizeCalibration({
  falseAcceptRate,
  threshold,
  interval,
  identities,
  strangers,
  source,
}: Calibration): string {
  const from = source === 'gallery' ? 'the scores of its own identities' : `${strangers} strangers`;
  return `Threshold ${threshold.toFixed(4)} for ${identities} identities, to accept ${percent(falseAcceptRate)} of strangers (95 % interval ${percentInterval(interval)}), from ${from}.`;
}

/**
 * Describes a calibration that was not requested just now, as where a gallery is used: what it chose, and whether pairs look like one
 * identity, which may be new since the last `gallery calibrate`.
 * @param path The gallery, for commands.
 */
export function describeCalibration(calibration: Calibration, path: string, width: number): string[] {
  const warn = (pairs: Calibration['duplicates'], explain: (them: string) => string) => {
    const isOne = pairs.length === 1;
    const counted = isOne ? '1 pair of identities looks' : `${pairs.length} pairs of identities look`;
    return pairs.length === 0
      ? []
      : wrapText(
          `${colors.yellow('Warning:')} ${counted} like one enrolled twice. ${explain(isOne ? 'it' : 'them')} See: unitsphere gallery calibrate ${pathArgument(path)}`,
          width,
        );
  };
  return [
    ...wrapText(summarizeCalibration(calibration), width),
    ...warn(calibration.duplicates, (them) => `The threshold leaves ${them} out.`),
    ...warn(
      calibration.newDuplicates,
      (them) =>
        `The threshold counts ${them} as different, because the last calibration did not find ${them}.`,
    ),
  ];
}

/**
 * Formats a calibration: what was chosen, what other thresholds would accept, and what the user can improve.
 * @param path The gallery, for commands.
 * @param nameOf Names of the strangers it was calibrated with.
 */
export function formatCalibration(
  calibration: Calibration,
  gallery: Pick<Gallery, 'acceptRateAt'>,
  path: string,
  width: number,
  nameOf?: (stranger: number) => string,
): string[] {
  const { margin, closest, duplicates, newDuplicates, thresholdWithDuplicates, enrolledStrangers } =
    calibration;
  // Warnings of pairs and strangers follow with the commands that help.
  const others = calibration.warnings.slice(
    duplicates.length + newDuplicates.length + enrolledStrangers.length,
  );
  const paragraphs = [
    ...wrapText(summarizeCalibration(calibration), width),
    '',
    ...formatRates(calibration, gallery, width),
    '',
    ...wrapText(
      `An accepted identity is ambiguous if the score of another one is within ${margin.toFixed(4)} of its own.`,
      width,
    ),
    ...(closest
      ? wrapText(
          `The most similar identities are ${pair(closest.names)}, with a score of ${closest.score.toFixed(4)}.`,
          width,
        )
      : []),
  ];
  if (duplicates.length > 0) {
    paragraphs.push(
      '',
      ...wrapText(
        `${colors.yellow('Left out')}, because ${duplicates.length === 1 ? 'this pair looks' : 'these pairs look'} like one identity enrolled twice. With ${duplicates.length === 1 ? 'it' : 'them'}, the threshold would be ${thresholdWithDuplicates?.toFixed(4)}.`,
        width,
      ),
      ...duplicates.slice(0, MOST_NAMED).map(({ names, score }) => `  ${score.toFixed(4)}  ${pair(names)}`),
      ...(duplicates.length > MOST_NAMED ? [`  and ${duplicates.length - MOST_NAMED} more`] : []),
      ...wrapText(`If they are the same: unitsphere gallery merge ${pathArgument(path)} NAME INTO`, width),
      ...wrapText(
        `If they are not: unitsphere gallery calibrate ${pathArgument(path)} --keep-duplicates`,
        width,
      ),
    );
  }
  if (enrolledStrangers.length > 0) {
    paragraphs.push(
      '',
      ...wrapText(
        `${colors.yellow('Warning:')} these strangers are likely enrolled. If they are, remove them from the strangers and calibrate again.`,
        width,
      ),
      ...enrolledStrangers
        .slice(0, MOST_NAMED)
        .map(
          ({ stranger, name, score }) =>
            `  ${score.toFixed(4)}  ${oneLine(nameOf?.(stranger) ?? `stranger ${stranger}`)} and ${quote(name)}`,
        ),
    );
  }
  for (const warning of others) {
    paragraphs.push('', ...wrapText(`${colors.yellow('Warning:')} ${oneLine(warning)}`, width));
  }
  return paragraphs;
}

/** Formats the rates of strangers that the gallery accepts at several thresholds, in a table. */
function formatRates(
  { threshold }: Calibration,
  gallery: Pick<Gallery, 'acceptRateAt'>,
  width: number,
): string[] {
  const rows = [...COMPARED, threshold]
    .sort((a, b) => a - b)
    .flatMap((at) => {
      const isChosen = at === threshold;
      const found = gallery.acceptRateAt(at);
      if (!found) return [];
      return [
        [
          isChosen ? at.toFixed(4) : String(at),
          found.rate > 0 ? percent(found.rate) : 'none seen',
          percentInterval(found.interval),
          isChosen ? '← calibrated' : '',
        ],
      ];
    });
  const { head, rows: lines } = formatTable(['threshold', 'strangers accepted', '95 % interval', ''], rows, {
    width,
  });
  return [...head.map(colors.dim), ...lines];
}

function pair(names: readonly string[]): string {
  return names.map(quote).join(' and ');
}

function quote(name: string): string {
  return oneLine(JSON.stringify(name));
}
