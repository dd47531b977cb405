import type { BrowserCheckpoint } from 'unitsphere/browser';
import { element } from './element.js';
import type { FromTraining } from './messages.js';
import { PRESETS } from './presets.js';
import { type Order, Training } from './training.js';
import { showBackendNote, showFailure } from './view/failure-view.js';
import { clearOutcome, offerGoingOn, offerModel, showResults } from './view/outcome-view.js';
import { ProgressView } from './view/progress-view.js';
import { showSamples } from './view/samples.js';

// ?preset=short&backend=wasm&set=training.steps=20&start: for tests, and for links to a training.
const query = new URLSearchParams(location.search);
const preset = element<HTMLSelectElement>('preset');
const backend = element<HTMLSelectElement>('backend');
const view = new ProgressView();
let running: Training | undefined;

for (const [name, { title }] of Object.entries(PRESETS)) preset.add(new Option(title, name));
choose(preset, query.get('preset'));
choose(backend, query.get('backend'));
preset.onchange = showAbout;
showAbout();

element('controls').onsubmit = (event) => {
  event.preventDefault();
  const { yaml, settings } = PRESETS[preset.value];
  start({ yaml, settings: [...settings, `backend=${backend.value}`, ...query.getAll('set')] });
};
element('stop').onclick = () => {
  running?.stop();
  setButtons('stopping');
};
addEventListener('beforeunload', (event) => {
  if (running) event.preventDefault();
});
showSamples().catch(() => {
  // The training says what is missing.
  element('samples').hidden = true;
});
if (query.has('start')) element<HTMLFormElement>('controls').requestSubmit();

function start(order: Order, from?: BrowserCheckpoint): void {
  showFailure(undefined);
  showBackendNote(undefined);
  clearOutcome();
  view.begin(from !== undefined);
  setButtons('running');
  const training = new Training(order, (message) => hear(training, message), from);
  running = training;
}

function hear(training: Training, message: FromTraining): void {
  switch (message.type) {
    case 'config':
      view.config(message.config);
      break;
    case 'backend':
      showBackendNote(message.backend);
      view.backend(message.backend);
      break;
    case 'phase':
      view.phase(message.words);
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

/** Leaves the page as it is when nothing runs, with what there is to take home. */
function end(training: Training, words: string, mayGoOn = false): void {
  running = undefined;
  setButtons('idle');
  view.end(words);
  const { checkpoint, yaml, order } = training;
  if (!checkpoint) return;
  offerModel(checkpoint, yaml);
  if (mayGoOn) offerGoingOn(checkpoint, () => start(order, checkpoint));
}

function setButtons(state: 'idle' | 'running' | 'stopping'): void {
  const stop = element<HTMLButtonElement>('stop');
  element<HTMLButtonElement>('start').hidden = state !== 'idle';
  stop.hidden = state === 'idle';
  stop.disabled = state === 'stopping';
  stop.textContent = state === 'stopping' ? 'Finishing this step …' : 'Stop';
  preset.disabled = backend.disabled = state !== 'idle';
  document.body.dataset['state'] = state;
}

function showAbout(): void {
  element('about').textContent = PRESETS[preset.value].about;
}

/** Selects an option by its value; leaves the first where there is none of it. */
function choose(select: HTMLSelectElement, value: string | null): void {
  if ([...select.options].some((option) => option.value === value)) select.value = value!;
}
