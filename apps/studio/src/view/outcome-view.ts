import type { BrowserCheckpoint } from 'unitsphere/browser';
import {
  headlineOf,
  type ReportData,
  renderComparison,
  renderReport,
  renderResults,
} from 'unitsphere/report';
import { element } from '../element.js';
import { modelArchive } from '../model-files.js';

const urls: string[] = [];
const opening = { headline: element('headline').textContent, lead: element('lead').textContent };

/** Forgets what was shown of an earlier training. */
export function clearOutcome(): void {
  element('outcome').hidden = true;
  for (const id of ['go-on', 'model', 'report', 'model-note']) element(id).hidden = true;
  element('headline').textContent = opening.headline;
  element('lead').textContent = opening.lead;
  for (const id of ['results', 'comparison']) element(id).replaceChildren();
  for (const url of urls.splice(0)) URL.revokeObjectURL(url);
}

/** Shows what a training came to, beside the untrained network, and offers its report. */
export function showResults(data: ReportData): void {
  element('outcome').hidden = false;
  const { sentence, caution } = headlineOf(data);
  element('headline').textContent = sentence;
  element('lead').textContent = caution ?? '';
  element('comparison').innerHTML = renderComparison(data);
  element('results').innerHTML = renderResults(data);
  const report = element<HTMLAnchorElement>('report');
  report.hidden = false;
  report.href = urlOf(new Blob([renderReport(data)], { type: 'text/html' }));
}

/** Offers the model of a checkpoint to take home. */
export function offerModel(checkpoint: BrowserCheckpoint, yaml: string): void {
  element('outcome').hidden = false;
  const archive = modelArchive(checkpoint, yaml);
  const link = element<HTMLAnchorElement>('model');
  link.hidden = false;
  link.href = urlOf(archive);
  link.download = `unitsphere-step-${checkpoint.step}.zip`;
  link.textContent = `Download the model (${(archive.size / 1e6).toFixed(1)} MB)`;
  const note = element('model-note');
  note.hidden = false;
  note.textContent =
    'Weights as safetensors (backbone.safetensors opens in timm), with the preprocessing they belong to, the config and the metrics. They are kept nowhere else: gone when the page is closed.';
}

/** Offers to go on from a checkpoint. */
export function offerGoingOn({ step }: BrowserCheckpoint, goOn: () => void): void {
  element('outcome').hidden = false;
  const button = element<HTMLButtonElement>('go-on');
  button.hidden = false;
  button.textContent = `Go on from step ${step}`;
  button.onclick = goOn;
}

function urlOf(blob: Blob): string {
  const url = URL.createObjectURL(blob);
  urls.push(url);
  return url;
}
