import type { BrowserCheckpoint } from 'unitsphere/browser';
import {
  createHeadline,
  type ReportData,
  renderComparison,
  renderReport,
  renderResults,
} from 'unitsphere/report';
import { getElement } from '../dom/get-element.js';
import { TEXTS } from '../texts.js';

let reportUrl: string | undefined;

/** Clears the results of the previous training. */
export function clearOutcome(): void {
  getElement('outcome').hidden = true;
  getElement('resume').hidden = true;
  drawStart(false);
  for (const id of ['headline', 'caution', 'results', 'comparison']) getElement(id).replaceChildren();
  getElement('report').hidden = true;
  if (reportUrl) URL.revokeObjectURL(reportUrl);
  reportUrl = undefined;
}

/** Shows the results of a training compared with the untrained network, and links its report. */
export function showResults(data: ReportData): void {
  getElement('outcome').hidden = false;
  const { sentence, caution } = createHeadline(data);
  getElement('headline').textContent = sentence;
  getElement('caution').textContent = caution ?? '';
  getElement('caution').hidden = !caution;
  getElement('comparison').innerHTML = renderComparison(data);
  getElement('results').innerHTML = renderResults(data);
  const report = getElement<HTMLAnchorElement>('report');
  report.hidden = false;
  reportUrl = URL.createObjectURL(new Blob([renderReport(data)], { type: 'text/html' }));
  report.href = reportUrl;
}

/** Offers to resume the training from a checkpoint. */
export function offerResume({ step }: BrowserCheckpoint, resume: () => void): void {
  const button = getElement<HTMLButtonElement>('resume');
  button.hidden = false;
  button.textContent = TEXTS.train.resume(step);
  button.onclick = resume;
  drawStart(true);
}

/** Draws the button that starts a training, which replaces one that can be resumed. */
function drawStart(canResume: boolean): void {
  const start = getElement('start');
  start.textContent = canResume ? TEXTS.train.startNew : TEXTS.train.start;
  start.classList.toggle('quiet', canResume);
}
