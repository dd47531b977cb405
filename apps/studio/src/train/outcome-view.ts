import type { BrowserCheckpoint } from 'unitsphere/browser';
import {
  createHeadline,
  type ReportData,
  renderComparison,
  renderReport,
  renderResults,
} from 'unitsphere/report';
import { getElement } from '../get-element.js';
import { createModelArchive } from '../model-files.js';

const urls: string[] = [];
const opening = { headline: getElement('headline').textContent, lead: getElement('lead').textContent };

/** Clears the results of the previous training. */
export function clearOutcome(): void {
  getElement('outcome').hidden = true;
  for (const id of ['resume', 'model', 'report', 'model-note']) getElement(id).hidden = true;
  getElement('headline').textContent = opening.headline;
  getElement('lead').textContent = opening.lead;
  for (const id of ['results', 'comparison']) getElement(id).replaceChildren();
  for (const url of urls.splice(0)) URL.revokeObjectURL(url);
}

/** Shows the results of a training compared with the untrained network, and links its report. */
export function showResults(data: ReportData): void {
  getElement('outcome').hidden = false;
  const { sentence, caution } = createHeadline(data);
  getElement('headline').textContent = sentence;
  getElement('lead').textContent = caution ?? '';
  getElement('comparison').innerHTML = renderComparison(data);
  getElement('results').innerHTML = renderResults(data);
  const report = getElement<HTMLAnchorElement>('report');
  report.hidden = false;
  report.href = createUrl(new Blob([renderReport(data)], { type: 'text/html' }));
}

/** Offers the model of a checkpoint for download. */
export async function offerModel(checkpoint: BrowserCheckpoint, yaml: string): Promise<void> {
  const archive = await createModelArchive(checkpoint, yaml);
  getElement('outcome').hidden = false;
  const link = getElement<HTMLAnchorElement>('model');
  link.hidden = false;
  link.href = createUrl(archive);
  link.download = `unitsphere-step-${checkpoint.step}.zip`;
  link.textContent = `Download the model (${(archive.size / 1e6).toFixed(1)} MB)`;
  const note = getElement('model-note');
  note.hidden = false;
  note.textContent =
    'The archive is a model folder for loadEmbedder of @unitsphere/embedder, with the config and the metrics. Download it before you close the page, which does not store it.';
}

/** Offers to resume the training from a checkpoint. */
export function offerResume({ step }: BrowserCheckpoint, resume: () => void): void {
  getElement('outcome').hidden = false;
  const button = getElement<HTMLButtonElement>('resume');
  button.hidden = false;
  button.textContent = `Resume from step ${step}`;
  button.onclick = resume;
}

function createUrl(blob: Blob): string {
  const url = URL.createObjectURL(blob);
  urls.push(url);
  return url;
}
