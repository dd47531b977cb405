import { formatCount, formatDate, formatDuration, formatNumber } from '../report/format-values.js';
import { type Content, type Html, html } from '../report/html.js';
import { renderPage } from '../report/render-page.js';
import { figureSection } from '../report/sections.js';
import { POWER_METHOD } from './describe-verdict.js';
import { metricLabel } from './score.js';
import { armStyle, comparisonFigures } from './study-plots.js';
import type { Comparison, StudyResults } from './study-results.js';
import { armRows, comparisonTitle, describePairs, formatBudget, formatSettings } from './study-rows.js';

/**
 * Renders a study's report as one HTML file without scripts and external resources. It shows the question, the verdict on each
 * arm, a table of the arms with their spread over seeds, learning curves, ROC curves, every run, and the method. The output
 * is deterministic.
 */
export function renderStudy(results: StudyResults): string {
  const { title, question, reference, createdAt, comparisons } = results;
  const header = html`<p class="eyebrow"><strong>${title}</strong> · study · <time datetime="${createdAt}">${formatDate(createdAt)}</time></p>
<h1 id="headline">${question}</h1>
${reference && html`<p class="reference">Claim of the reference system: ${reference}</p>`}
${factList(results)}`;
  const main = html`${comparisons.map((comparison) => comparisonSection(results, comparison))}
${methodSection(results)}`;
  return renderPage({ title, styles: STUDY_STYLES, header, main });
}

function factList(results: StudyResults): Html {
  const { arms, seeds, runs } = results;
  const times = runs.flatMap(({ figures, searchSeconds }) =>
    figures ? [figures.stepSeconds + searchSeconds] : [],
  );
  const seconds = times.reduce((sum, time) => sum + time, 0);
  const entries: [string, Content][] = [
    ['Arms', formatCount(arms.length)],
    ['Seeds', formatCount(seeds)],
    ['Trainings', `${formatCount(times.length)} of ${formatCount(runs.length)}`],
    ['Budget', formatBudget(results)],
    ['Time in training steps', formatDuration(seconds)],
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
  const pairs = describePairs(results, comparison);
  return html`<p class="note">${metricLabel(results.metric)} on held-out identities${pairs && html` (${pairs})`}: mean ± standard deviation over seeds. Differences are paired by seed, with Student’s 95 % interval in parentheses. The bootstrap interval (BCa) is too short for few seeds. Verdicts come from a paired t test with Holm’s correction.</p>
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

/** Renders the table of all runs behind the means, and the method. */
function methodSection(results: StudyResults): Html {
  const { runs, arms, data, search, machine, jobs } = results;
  const label = (name: string) => arms.find((arm) => arm.name === name)?.label ?? name;
  const hasSeveral = data.length > 1;
  return html`
<section aria-label="Runs and method"><details id="runs"><summary>All runs</summary><div class="scroll"><table>
<thead><tr>${['Arm', ...(hasSeveral ? ['Images'] : []), 'Seed', metricLabel(results.metric), 'Steps', 'Seconds', 'Chosen settings'].map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>${runs.map(({ arm, data, seed, figures, missing, settings, searchSeconds }) => {
    const value = figures ? figures.value.toFixed(4) : (missing?.why ?? '–');
    const seconds = figures ? formatNumber(figures.stepSeconds + searchSeconds) : '–';
    return html`<tr><th scope="row">${label(arm)}</th>${hasSeveral && html`<td>${data}</td>`}<td>${seed}</td><td title="${missing?.reason ?? ''}">${value}</td><td>${figures ? formatCount(figures.steps) : '–'}</td><td>${seconds}</td><td>${formatSettings(settings) || '–'}</td></tr>`;
  })}</tbody></table></div></details>
<details id="method"><summary>Method</summary>
<p class="note">Every arm has the same budget (${formatBudget(results)}). Arms differ only in ${results.factors.join(', ')}. Arms with the same seed share the split of identities and, unless a factor changes them, the training images. Train, validation and test identities are disjoint.${
    search &&
    ` Before each training, a search tries ${Object.keys(search.grid).join(', ')} for ${formatCount(search.steps)} steps per candidate. It chooses on validation identities only, and its steps are part of the budget.`
  }${jobs > 1 && ` ${formatCount(jobs)} runs shared the machine, so images/s are those of a part of it.`} ${POWER_METHOD}</p>
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
