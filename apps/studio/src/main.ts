import type { BrowserCheckpoint } from 'unitsphere/browser';
import { describeFailure } from './describe-failure.js';
import { drawDocuments } from './export/draw-documents.js';
import { clearExport, offerExport } from './export/export-view.js';
import { getElement } from './get-element.js';
import type { FromTraining } from './messages.js';
import { PRESETS } from './presets.js';
import { Training, type TrainingRequest } from './training.js';
import { showBackendNote, showFailure } from './view/failure-view.js';
import { clearOutcome, offerModel, offerResume, showResults } from './view/outcome-view.js';
import { ProgressView } from './view/progress-view.js';
import { showSamples } from './view/samples.js';

// For tests and links, the query can set the form: ?preset=short&backend=wasm&set=training.steps=20&start
const query = new URLSearchParams(location.search);
const preset = getElement<HTMLSelectElement>('preset');
const backend = getElement<HTMLSelectElement>('backend');
const view = new ProgressView();
let running: Training | undefined;

for (const [name, { title }] of Object.entries(PRESETS)) preset.add(new Option(title, name));
selectOption(preset, query.get('preset'));
selectOption(backend, query.get('backend'));
preset.onchange = showAbout;
showAbout();

getElement('controls').onsubmit = (event) => {
  event.preventDefault();
  const { yaml, settings } = PRESETS[preset.value];
  start({ yaml, settings: [...settings, `backend=${backend.value}`, ...query.getAll('set')] });
};
getElement('stop').onclick = () => {
  running?.stop();
  setButtons('stopping');
};
addEventListener('beforeunload', (event) => {
  if (running) event.preventDefault();
});
showSamples().catch(() => {
  // A training reports what is missing.
  getElement('samples').hidden = true;
});
if (query.has('start')) getElement<HTMLFormElement>('controls').requestSubmit();

function start(request: TrainingRequest, from?: BrowserCheckpoint): void {
  showFailure(undefined);
  showBackendNote(undefined);
  clearOutcome();
  clearExport();
  view.begin(from !== undefined);
  setButtons('running');
  const training = new Training(request, (message) => handleMessage(training, message), from);
  running = training;
}

function handleMessage(training: Training, message: FromTraining): void {
  switch (message.type) {
    case 'config':
      view.config(message.config);
      break;
    case 'backend':
      showBackendNote(message.backend);
      view.backend(message.backend);
      break;
    case 'phase':
      view.phase(message.text);
      break;
    case 'note':
      view.note(message.line);
      break;
    case 'step':
      view.step(message.report, message.rates);
      break;
    case 'finished':
      showResults(message.report);
      end(training, 'Done');
      break;
    case 'stopped':
      end(training, `Stopped after step ${message.step}`, true);
      break;
    case 'failed':
      showFailure(message.failure);
      end(training, 'Stopped by an error', true);
  }
}

/** Shows that no training runs, and offers the model of the last checkpoint. */
function end(training: Training, text: string, canResume = false): void {
  running = undefined;
  setButtons('idle');
  view.end(text);
  const { checkpoint, yaml, request } = training;
  if (!checkpoint) return;
  offerModel(checkpoint, yaml).catch((error) => showFailure(describeFailure(error)));
  offerExport(checkpoint, drawDocuments);
  if (canResume) offerResume(checkpoint, () => start(request, checkpoint));
}

function setButtons(state: 'idle' | 'running' | 'stopping'): void {
  const stop = getElement<HTMLButtonElement>('stop');
  getElement<HTMLButtonElement>('start').hidden = state !== 'idle';
  stop.hidden = state === 'idle';
  stop.disabled = state === 'stopping';
  stop.textContent = state === 'stopping' ? 'Finishing this step …' : 'Stop';
  preset.disabled = backend.disabled = state !== 'idle';
  document.body.dataset['state'] = state;
}

function showAbout(): void {
  getElement('about').textContent = PRESETS[preset.value].about;
}

/** Selects the option with a value, if there is one. */
function selectOption(select: HTMLSelectElement, value: string | null): void {
  for (const option of select.options) if (option.value === value) select.value = option.value;
}
