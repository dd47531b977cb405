import { isMeasured, type ReportData } from './data.js';
import { createHeadline, NOT_MEASURED } from './headline.js';
import { type Html, html } from './html.js';
import { histogramFigure, rocFigure } from './plots.js';
import { comparison, copiesTable, figureSection, rateTable } from './sections.js';

/**
 * Renders the report's table and plots of held-out identities as HTML, for a page with {@link STYLES}.
 * @throws Error if the summary has no rate.
 */
export function renderResults(data: ReportData): string {
  return resultsContent(data).text;
}

/** Renders the headline's rates as bars in HTML, for a page with {@link STYLES}. @throws Error if the summary has no rate. */
export function renderComparison(data: ReportData): string {
  return comparison(createHeadline(data)).text;
}

/** Returns the content of {@link renderResults} for a template. */
export function resultsContent(data: ReportData): Html {
  if (!isMeasured(data)) return html`<p class="note">${NOT_MEASURED}</p>`;
  const headline = createHeadline(data);
  return html`${rateTable(data)}
<div class="plots">${figureSection(rocFigure(data, headline))}${figureSection(histogramFigure(data, headline))}</div>${copiesTable(data)}`;
}
