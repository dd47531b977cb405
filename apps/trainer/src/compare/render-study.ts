import { formatCount, formatDate, formatDuration, formatNumber } from '../report/format.js';
import { type Content, type Html, html } from '../report/html.js';
import { renderPage } from '../report/render-page.js';
import { figureSection } from '../report/sections.js';
import { metricLabel } from './score.js';
import { armStyle, comparisonFigures } from './study-plots.js';
import type { Comparison, StudyResults } from './study-results.js';
import { armRows, budgetWords, comparisonTitle, settingsText } from './study-rows.js';
import { POWER_METHOD } from './verdict-sentence.js';

/**
 * A study's report as one HTML file that needs no network and no script: what was asked, every arm with its spread, what the
 * data resolve of each, learning curves and ROC curves over each other, and how all of it was made. The same results give
 * the same page.
 */
export function renderStudy(results: StudyResults): string {
  const { title, question, reference, createdAt, comparisons } = results;
  const header = html`<p class="eyebrow"><strong>${title}</strong> · study · <time datetime="${createdAt}">${formatDate(createdAt)}</time></p>
<h1 id="headline">${question}</h1>
${reference && html`<p class="reference">The reference system said: ${reference}</p>`}
${facts(results)}`;
  const main = html`${comparisons.map((comparison) => comparisonSection(results, comparison))}
${methods(results)}`;
  return renderPage({ title, styles: STUDY_STYLES, header, main });
}

function facts(results: StudyResults): Html {
  const { arms, seeds, runs } = results;
  const done = runs.filter(({ figures }) => figures);
  const seconds = done.reduce((sum, run) => sum + run.figures!.stepSeconds + run.searchSeconds, 0);
  const entries: [string, Content][] = [
    ['Arms', formatCount(arms.length)],
    ['Seeds', formatCount(seeds)],
    ['Trainings', `${formatCount(done.length)} of ${formatCount(runs.length)}`],
    ['Budget', budgetWords(results)],
    ['In training steps', formatDuration(seconds)],
  ];
  return html`<dl class="facts">${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function comparisonSection(results: StudyResults, comparison: Comparison): Html {
  const id = `${comparison.data}-${comparison.budget}`;
  const figures = comparisonFigures(results, comparison);
  return html`
<section aria-labelledby="${id}"><h2 id="${id}">${comparisonTitle(results, comparison)}</h2>
<ul class="verdicts">${Object.entries(comparison.sentences).map(([arm, sentence]) => {
    const verdict = comparison.statistics?.arms.find((one) => one.arm === arm)?.verdict ?? 'untested';
    return html`<li class="${verdict}">${sentence}</li>`;
  })}</ul>
${armTable(results, comparison)}
<div class="plots">${figures.map(figureSection)}</div>
</section>`;
}

function armTable(results: StudyResults, comparison: Comparison): Html {
  const { head, rows } = armRows(results, comparison);
  return html`<p class="note">${metricLabel(results.metric)} on held-out identities: mean ± standard deviation over seeds. Differences are paired by seed, with Student’s 95 % interval, by which they are judged; beside it that of the bootstrap (BCa), which is too short of few seeds.</p>
<div class="scroll"><table class="arms">
<thead><tr>${head.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>${rows.map(
    (cells, i) =>
      html`<tr>${cells.map((cell, column) =>
        column === 0
          ? html`<th scope="row"><i class="swatch" style="background:var(${armStyle(i).color})" aria-hidden="true"></i>${cell}</th>`
          : html`<td>${column === 1 ? html`<b>${cell}</b>` : cell}</td>`,
      )}</tr>`,
  )}</tbody></table></div>`;
}

/** Every run, so that whoever doubts a mean can look at what it is made of; and how all were made. */
function methods(results: StudyResults): Html {
  const { runs, arms, data, search, machine, jobs } = results;
  const label = (name: string) => arms.find((arm) => arm.name === name)?.label ?? name;
  const several = data.length > 1;
  return html`
<section aria-label="How it was made"><details id="runs"><summary>Every run</summary><div class="scroll"><table>
<thead><tr>${['Arm', ...(several ? ['Images'] : []), 'Seed', metricLabel(results.metric), 'Steps', 'Seconds', 'Settings found'].map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>${runs.map(({ arm, data, seed, figures, missing, settings, searchSeconds }) => {
    const value = figures ? figures.value.toFixed(4) : missing!.why;
    const seconds = figures ? formatNumber(figures.stepSeconds + searchSeconds) : '–';
    return html`<tr><th scope="row">${label(arm)}</th>${several && html`<td>${data}</td>`}<td>${seed}</td><td title="${missing?.reason ?? ''}">${value}</td><td>${figures ? formatCount(figures.steps) : '–'}</td><td>${seconds}</td><td>${settingsText(settings) || '–'}</td></tr>`;
  })}</tbody></table></div></details>
<details id="method"><summary>How arms were treated</summary>
<p class="note">Every arm has the same budget, ${budgetWords(results)}, and differs from the others in ${results.factors.join(', ')} only. Arms of one seed share the identities held out and the images they meet. Train, validation and test identities are disjoint${
    search
      ? html`. With each seed each arm first searches ${Object.keys(search.grid).join(', ')} for ${formatCount(search.steps)} steps a candidate, chosen on validation identities only; these steps are part of its budget`
      : ''
  }. ${jobs > 1 ? `${formatCount(jobs)} runs shared the machine at once, so images a second are of a part of it.` : ''} ${POWER_METHOD}</p>
<dl class="machine">${Object.entries(machine).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></details></section>`;
}

const STUDY_STYLES = `
.reference { max-width: 68ch; margin: 18px 0 0; color: var(--muted); }
.verdicts { max-width: 84ch; margin: 10px 0 26px; padding: 0; list-style: none; }
.verdicts li { margin-top: 8px; padding-left: 14px; border-left: 3px solid var(--axis); }
.verdicts .higher { border-left-color: var(--right); }
.verdicts .lower { border-left-color: var(--wrong); }
table.arms { max-width: none; font-size: 14px; }
.swatch { display: inline-block; width: 11px; height: 11px; margin-right: 8px; border-radius: 3px; }
`;
