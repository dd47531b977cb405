import type { ReportData } from './data.js';
import { headlineOf } from './headline.js';
import { type Html, html } from './html.js';
import { histogramFigure, rocFigure } from './plots.js';
import { comparison, figureSection, rateTable } from './sections.js';

/**
 * The table and the plots of how well held-out identities are recognized, as HTML for a page that has {@link STYLES}: a part
 * of the report by itself.
 */
export function renderResults(data: ReportData): string {
  return resultsOf(data).text;
}

/** The headline's two shares as bars, as HTML for a page that has {@link STYLES}. */
export function renderComparison(data: ReportData): string {
  return comparison(headlineOf(data)).text;
}

/** The same as {@link renderResults} for a template. */
export function resultsOf(data: ReportData): Html {
  const headline = headlineOf(data);
  return html`${rateTable(data)}
<div class="plots">${figureSection(rocFigure(data, headline))}${figureSection(histogramFigure(data, headline))}</div>`;
}
