import type { ExportCheck } from './check-export.js';

/** Formats a check as lines of text. @param file Name of the checked file. */
export function formatCheck(file: string, check: ExportCheck): string[] {
  const { largestDifference, smallestCosine } = check;
  return [
    `${file}, on ${describeImages(check)}:`,
    `  largest difference of a value ${largestDifference.toExponential(1)}, smallest cosine ${smallestCosine.toFixed(5)}`,
    ...check.tpr.map(({ fpr, original, exported }) =>
      original === null || exported === null
        ? `  TPR at FPR ${fpr}: too few pairs`
        : `  TPR at FPR ${fpr}: ${original.toFixed(4)} before, ${exported.toFixed(4)} exported (${signed(exported - original)})`,
    ),
  ];
}

/** Formats checks as a section of the model card, in Markdown. */
export function formatCheckSection(checks: ReadonlyMap<string, ExportCheck>): string {
  const parts = [...checks].map(([file, check]) => {
    const { largestDifference, smallestCosine, tpr } = check;
    return [
      `\`${file}\` beside the trained model, on ${describeImages(check)}: largest difference of a value ${largestDifference.toExponential(1)}, smallest cosine ${smallestCosine.toFixed(5)}.`,
      '',
      '| FPR | TPR of the trained model | TPR of the export | threshold of the export |',
      '|---|---|---|---|',
      ...tpr.map(
        ({ fpr, original, exported, threshold }) =>
          `| ${fpr} | ${rate(original)} | ${rate(exported)} | ${threshold?.toFixed(4) ?? ''} |`,
      ),
    ].join('\n');
  });
  return parts.join('\n\n');
}

function describeImages({ images, identities, pairKind }: ExportCheck): string {
  const kind = pairKind === 'real' ? 'images' : 'images, augmented copies,';
  return `${images} ${kind} of ${identities} held-out identities`;
}

const rate = (value: number | null) => (value === null ? 'too few pairs' : value.toFixed(4));
const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
