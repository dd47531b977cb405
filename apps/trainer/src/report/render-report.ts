import { isMeasured, type ReportData } from './data.js';
import { formatDate } from './format-values.js';
import { createHeadline } from './headline.js';
import { html } from './html.js';
import { pairFileFigure, pairFileTable } from './pair-files.js';
import { type Figure, heldOutFigure, histogramFigure, rocFigure, validationFigure } from './plots.js';
import { renderPage } from './render-page.js';
import { resultsContent } from './render-results.js';
import {
  comparison,
  configSection,
  facts,
  figureSection,
  mistakeGallery,
  neighborGallery,
  sampleGallery,
} from './sections.js';
import { stepFigures } from './step-figures.js';

/**
 * Renders a training report as one HTML file without scripts and external resources. It compares the trained with the untrained
 * network in a sentence, a table and plots. Plots are inline SVG, images data URIs. The page adapts to light and dark schemes
 * and to phones. The output is deterministic. The page stays under 3 MB: it shows as many gallery rows as fit, and states how
 * many were omitted.
 *
 * @throws Error if the summary has no rate, a histogram or a curve has arrays of unequal length, or an image is not a base64
 *   data URI of a raster image.
 */
export function renderReport(data: ReportData): string {
  checkArrays(data);
  const headline = createHeadline(data);
  const title = `${data.title}: ${headline.sentence}`;
  const training = trainingFigures(data);
  const header = html`<p class="eyebrow"><strong>${data.title}</strong> · training report · <time datetime="${data.createdAt}">${formatDate(data.createdAt)}</time></p>
<h1 id="headline">${headline.sentence}</h1>
${headline.caution && html`<p class="caution" role="note">${headline.caution}</p>`}
${comparison(headline)}
${facts(data)}`;
  const main = html`<section aria-labelledby="recognition"><h2 id="recognition">Verification of held-out identities</h2>
${resultsContent(data)}
</section>
${pairFileTable(data)}
${
  training.length > 0 &&
  html`<section aria-labelledby="training"><h2 id="training">Training</h2>
<div class="plots">${training.map(figureSection)}</div>
</section>`
}
${neighborGallery(data)}
${mistakeGallery(data)}
${sampleGallery(data)}
${configSection(data)}`;
  return renderPage({ title, header, main });
}

/** Returns all plots of a report in the order of its page. @throws Error as {@link renderReport} does. */
export function reportFigures(data: ReportData): Figure[] {
  checkArrays(data);
  const headline = createHeadline(data);
  const measured = isMeasured(data) ? [rocFigure(data, headline), histogramFigure(data, headline)] : [];
  return [...measured, ...trainingFigures(data)];
}

function trainingFigures(data: ReportData): Figure[] {
  return [
    ...(data.validation.length > 0 ? [validationFigure(data)] : []),
    ...(data.test?.length ? [heldOutFigure(data)] : []),
    ...[pairFileFigure(data)].flatMap((figure) => figure ?? []),
    ...(data.metrics.length > 0 ? stepFigures(data) : []),
  ];
}

function checkArrays(data: ReportData): void {
  const { edges, positive, negative } = data.histogram ?? { edges: [0, 1], positive: [0], negative: [0] };
  if (edges.length < 2 || positive.length !== edges.length - 1 || negative.length !== edges.length - 1) {
    throw new Error(
      `renderReport: histogram has ${edges.length} edges, ${positive.length} positive and ${negative.length} negative counts. ` +
        'Expected one more edge than counts, and as many positive as negative counts.',
    );
  }
  for (const name of ['heldOut', 'untrained'] as const) {
    const curve = data.roc[name];
    if (curve && (curve.fpr.length !== curve.tpr.length || curve.fpr.length < 2)) {
      throw new Error(
        `renderReport: roc.${name} has ${curve.fpr.length} fpr and ${curve.tpr.length} tpr values. Expected equal numbers of at least 2.`,
      );
    }
  }
}
