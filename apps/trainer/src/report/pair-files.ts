import type { PairFilePoint, PairFileSummary, ReportData } from './data.js';
import { formatCosine, formatCount, formatPercent } from './format-values.js';
import { type Content, html } from './html.js';
import { type Figure, SERIES_COLORS, stepAxis } from './plots.js';

/** Renders the figures of verification sets as a table; null without sets. */
export function pairFileTable({ summary: { pairFiles } }: ReportData): Content {
  if (!pairFiles) return null;
  const std = (value: number) => html`<small>± ${(100 * value).toFixed(2)}</small>`;
  const row = ([name, set]: [string, PairFileSummary]) => html`<tr><th scope="row">${name}</th>
<td>${formatCount(set.pairs.positive)} + ${formatCount(set.pairs.negative)}</td>
<td><b>${formatPercent(set.accuracy)}</b>${std(set.accuracyStd)}</td>
<td>${formatPercent(set.val)}${std(set.valStd)}</td><td>${set.far.toExponential(1)}</td>
<td>${formatCosine(set.threshold)}</td></tr>`;
  return html`
<section aria-labelledby="pair-files"><h2 id="pair-files">Verification sets</h2>
<div class="scroll"><table id="pair-file-table">
<caption>Means over 10 folds, each at the threshold that the other nine folds choose</caption>
<thead><tr><th scope="col">Set</th><th scope="col">Same + different pairs</th><th scope="col">Accuracy</th><th scope="col">VAL</th><th scope="col">FAR</th><th scope="col">Threshold</th></tr></thead>
<tbody>${Object.entries(pairFiles).map(row)}</tbody></table></div>
<p class="note">insightface's protocol: an image's embedding is the sum of those of the image and of its mirror image. VAL is the share of accepted pairs of the same identity at thresholds for a false accept rate (FAR) of 1e-3; the FAR column is the rate that was measured there. The threshold is that of the accuracy, as a cosine. Whether the training data contain people of these sets is not checked.</p>
</section>`;
}

/** Plots the accuracy on verification sets by training step; undefined if fewer than two verifications were made. */
export function pairFileFigure({ pairFiles = [] }: ReportData): Figure | undefined {
  if (pairFiles.length < 2) return undefined;
  const names = Object.keys(pairFiles[0].sets);
  const points = (name: string) =>
    pairFiles.flatMap(({ step, sets }: PairFilePoint): [number, number][] =>
      sets[name] ? [[step, sets[name].accuracy]] : [],
    );
  const lowest = Math.min(...names.flatMap((name) => points(name).map(([, accuracy]) => accuracy)));
  const color = (i: number) => SERIES_COLORS[i % SERIES_COLORS.length];
  return {
    title: 'Accuracy on verification sets',
    caption: 'The mean accuracy over 10 folds, by training step.',
    plot: {
      id: 'pair-files',
      description: `Accuracy by training step. ${names.map((name) => `${name} ends at ${formatPercent(points(name).at(-1)?.[1] ?? 0)}`).join(', ')}.`,
      lines: names.map((name, i) => ({ points: points(name), color: color(i), width: 2, dots: true })),
      x: stepAxis,
      y: {
        min: Math.floor(10 * lowest) / 10,
        max: 1,
        format: (v) => `${Math.round(v * 100)}\u202f%`,
      },
    },
    key: names.map((name, i) => ({ label: name, color: color(i) })),
  };
}
