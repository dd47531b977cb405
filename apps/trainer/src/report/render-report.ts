import type { ReportData } from './data.js';
import { formatDate } from './format.js';
import { headlineOf } from './headline.js';
import { html } from './html.js';
import { type Figure, heldOutFigure, histogramFigure, rocFigure, validationFigure } from './plots.js';
import { renderPage } from './render-page.js';
import { resultsOf } from './render-results.js';
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
 * Renders a training report as one HTML file that needs no network, no script and no other file: figures in words and
 * in a table beside the untrained network, plots as inline SVG, images as data URIs, light and dark, for a desk and
 * for a phone. The same data gives the same page. Galleries are cut to what fits, and say so; with image data of any
 * size the page stays under 3 MB.
 *
 * @throws Error when there is no rate to report, a histogram or a curve has arrays of unequal length, or an image is not
 *   a base64 data URI of a raster image.
 */
export function renderReport(data: ReportData): string {
  checkArrays(data);
  const headline = headlineOf(data);
  const title = `${data.title}: ${headline.sentence}`;
  const training = trainingFigures(data);
  const header = html`<p class="eyebrow"><strong>${data.title}</strong> · training report · <time datetime="${data.createdAt}">${formatDate(data.createdAt)}</time></p>
<h1 id="headline">${headline.sentence}</h1>
${headline.caution && html`<p class="caution" role="note">${headline.caution}</p>`}
${comparison(headline)}
${facts(data)}`;
  const main = html`<section aria-labelledby="recognition"><h2 id="recognition">How well it recognizes</h2>
${resultsOf(data)}
</section>
${
  training.length > 0 &&
  html`<section aria-labelledby="training"><h2 id="training">How it learned</h2>
<div class="plots">${training.map(figureSection)}</div>
</section>`
}
${neighborGallery(data)}
${mistakeGallery(data)}
${sampleGallery(data)}
${configSection(data)}`;
  return renderPage({ title, header, main });
}

/** All plots of a report, in their order on its page. @throws as {@link renderReport}. */
export function reportFigures(data: ReportData): Figure[] {
  checkArrays(data);
  const headline = headlineOf(data);
  return [rocFigure(data, headline), histogramFigure(data, headline), ...trainingFigures(data)];
}

function trainingFigures(data: ReportData): Figure[] {
  return [
    ...(data.validation.length > 0 ? [validationFigure(data)] : []),
    ...(data.test?.length ? [heldOutFigure(data)] : []),
    ...(data.metrics.length > 0 ? stepFigures(data) : []),
  ];
}

function checkArrays(data: ReportData): void {
  const { edges, positive, negative } = data.histogram;
  if (edges.length < 2 || positive.length !== edges.length - 1 || negative.length !== edges.length - 1) {
    throw new Error(
      `histogram has ${edges.length} edges, ${positive.length} positive and ${negative.length} negative counts. ` +
        'Expected one more edge than counts, and as many counts of each kind.',
    );
  }
  for (const name of ['heldOut', 'untrained'] as const) {
    const curve = data.roc[name];
    if (curve && (curve.fpr.length !== curve.tpr.length || curve.fpr.length < 2)) {
      throw new Error(
        `roc.${name} has ${curve.fpr.length} fpr and ${curve.tpr.length} tpr values. Expected as many, at least 2.`,
      );
    }
  }
}
