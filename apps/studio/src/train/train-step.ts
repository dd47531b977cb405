import type { BrowserCheckpoint } from 'unitsphere/browser';
import { showFailure } from '../dom/failure-view.js';
import { getElement } from '../dom/get-element.js';
import type { Failure } from '../failure.js';
import type { StudioState } from '../state/studio-state.js';
import type { Project, StoredTraining } from '../storage/project.js';
import { TEXTS } from '../texts.js';
import { MeasuredSteps, StepTimes } from './measured-steps.js';
import type { FromTraining, StartedBackend } from './messages.js';
import { clearOutcome, offerResume, showResults } from './outcome-view.js';
import { ProgressView } from './progress-view.js';
import { Training } from './training.js';
import { TrainingForm } from './training-form.js';
import type { TrainingRequest } from './training-request.js';

/** Connects step Train: starts, shows, pauses and resumes trainings. */
export class TrainStep {
  readonly form: TrainingForm;
  readonly #state: StudioState;
  readonly #project: Project | undefined;
  readonly #view = new ProgressView();
  readonly #stepTimes = new StepTimes();
  #measured = new MeasuredSteps();
  #speedKey = '';
  #totalSteps = 1;
  #running: Training | undefined;
  /** Whether the failure that is shown says that pictures are missing. */
  #lacksPictures = false;

  /** @param project Where trainings are stored; undefined if the browser stores nothing. */
  constructor(state: StudioState, project?: Project) {
    this.#state = state;
    this.#project = project;
    this.form = new TrainingForm(() => state.source.get(), this.#stepTimes);
    getElement('controls').onsubmit = (event) => {
      event.preventDefault();
      this.#startNew();
    };
    // Disabled in the page, which can be used before this is loaded.
    getElement<HTMLButtonElement>('start').disabled = false;
    getElement('stop').onclick = () => {
      this.#running?.stop();
      this.#setButtons('stopping');
    };
    addEventListener('beforeunload', (event) => {
      if (this.#running) event.preventDefault();
    });
    state.pictures.onChange(() => {
      if (this.#lacksPictures) this.#fail(undefined);
    });
    state.phase.watch((phase) => {
      const { status } = TEXTS.train;
      getElement('train-status').textContent =
        phase.name === 'running' ? status.running(phase.percent) : status[phase.name];
    });
  }

  #startNew(): void {
    const { source, pictures } = this.#state;
    const { train } = TEXTS;
    const request = this.form.request();
    if (source.get() === 'generator') void this.#startStored(request);
    else if (pictures.pictures.length === 0) {
      this.#fail({ title: train.noData, message: train.noDataHint, isBug: false });
      this.#lacksPictures = true;
    } else if (!pictures.isInspected) {
      this.#fail({ title: train.noReadable, message: '', isBug: false });
      this.#lacksPictures = true;
    } else void this.#startStored({ ...request, images: pictures.labeledImages() });
  }

  /** Stores what a training starts with, then starts it. */
  async #startStored(request: TrainingRequest): Promise<void> {
    this.#setButtons('running');
    const training = await this.#project?.startTraining(request);
    this.#start(request, undefined, training);
  }

  /** Shows the training of an earlier visit, which can be resumed. */
  async restore({ id, request, config, checkpoint, report, missing }: StoredTraining): Promise<void> {
    if (!checkpoint || !config) return;
    // Loaded when it is first needed: it comes with the trainer.
    const [{ planStored }, { recordedLosses }] = await Promise.all([
      import('./plan.js'),
      import('./recorded-losses.js'),
    ]);
    const parsed = planStored(config);
    this.#totalSteps = parsed.config.training.steps;
    this.#view.begin(false);
    this.#view.config(parsed.config);
    this.#view.replay(checkpoint.step, recordedLosses(checkpoint));
    for (const record of checkpoint.metrics) this.#view.metrics(record);
    const source = request.images ? 'pictures' : 'generator';
    if (checkpoint.step > 0) this.#state.model.set({ checkpoint, yaml: config, source });
    if (report) {
      this.#state.report.set(report);
      showResults(report);
      this.#view.end(TEXTS.train.done);
      this.#state.phase.set({ name: 'done' });
      return;
    }
    this.#view.end(TEXTS.train.stored(checkpoint.step));
    this.#state.phase.set({ name: 'paused' });
    if (missing > 0) {
      this.#fail({
        title: TEXTS.train.missing(missing),
        message: TEXTS.train.missingHint,
        isBug: false,
      });
    } else offerResume(checkpoint, () => this.#start(request, checkpoint, id));
  }

  #fail(failure: Failure | undefined): void {
    this.#lacksPictures = false;
    showFailure(getElement('failure'), failure);
  }

  #start(request: TrainingRequest, from?: BrowserCheckpoint, id?: string): void {
    this.#fail(undefined);
    this.#noteBackend(undefined);
    clearOutcome();
    // A resumed training replaces its model, a new one has none yet.
    if (!from) this.#state.model.set(undefined);
    this.#state.report.set(undefined);
    this.#view.begin(from !== undefined);
    this.#measured = new MeasuredSteps();
    this.#setButtons('running');
    this.#state.phase.set({ name: 'running', percent: 0 });
    const store =
      id === undefined || !this.#project ? undefined : { project: this.#project.info.id, training: id };
    const training = new Training(request, (message) => this.#handle(training, message), from, store);
    this.#running = training;
  }

  #handle(training: Training, message: FromTraining): void {
    const view = this.#view;
    switch (message.type) {
      case 'config': {
        const { speedKey, steps } = message.plan;
        this.#speedKey = speedKey;
        this.#totalSteps = steps;
        view.config(message.config);
        break;
      }
      case 'backend':
        this.#noteBackend(message.backend);
        view.backend(message.backend);
        break;
      case 'phase':
        view.phase(message.text);
        break;
      case 'note':
        view.note(message.line);
        break;
      case 'metrics':
        view.metrics(message.record);
        break;
      case 'step': {
        const { report, rates } = message;
        this.#measured.add(Object.values(report.times).reduce((sum, ms) => sum + ms, 0));
        const { secondsPerStep } = this.#measured;
        if (secondsPerStep !== undefined) this.#stepTimes.set(this.#speedKey, secondsPerStep);
        view.step(report, rates, secondsPerStep);
        const percent = Math.floor((100 * report.step) / this.#totalSteps);
        this.#state.phase.set({ name: 'running', percent });
        break;
      }
      case 'stored':
        if (message.failure) view.note(TEXTS.train.notStored(message.failure.message));
        break;
      case 'finished':
        if (training.store) void this.#project?.saveOutcome(training.store.training, message.report);
        this.#state.report.set(message.report);
        showResults(message.report);
        this.#end(training, TEXTS.train.done, 'done');
        break;
      case 'stopped':
        this.#end(training, TEXTS.train.paused(message.step), 'paused');
        break;
      case 'failed':
        this.#fail(message.failure);
        this.#end(training, TEXTS.train.failed, 'failed');
    }
  }

  /** Shows that no training runs, and takes over the model of the last checkpoint. */
  #end(training: Training, text: string, how: 'done' | 'paused' | 'failed'): void {
    this.#running = undefined;
    this.#view.end(text);
    const { checkpoint, yaml, request, store } = training;
    const canResume = how !== 'done' && checkpoint !== undefined;
    this.#state.phase.set({ name: how === 'done' ? 'done' : canResume ? 'paused' : 'idle' });
    if (checkpoint) {
      const source = request.images ? 'pictures' : 'generator';
      // Before the first step, there is nothing to take away.
      if (checkpoint.step > 0) this.#state.model.set({ checkpoint, yaml, source });
      if (canResume) offerResume(checkpoint, () => this.#start(request, checkpoint, store?.training));
    }
    void this.form.drawPlan();
    // Last, because it tells that everything else has been shown.
    this.#setButtons('idle');
  }

  #setButtons(state: 'idle' | 'running' | 'stopping'): void {
    const stop = getElement<HTMLButtonElement>('stop');
    getElement<HTMLButtonElement>('start').hidden = state !== 'idle';
    stop.hidden = state === 'idle';
    stop.disabled = state === 'stopping';
    stop.textContent = state === 'stopping' ? TEXTS.train.pausing : TEXTS.train.pause;
    this.form.setDisabled(state !== 'idle');
    document.body.dataset['state'] = state;
  }

  /** Shows a note if the backend is slow, with the reason. */
  #noteBackend(backend: StartedBackend | undefined): void {
    const note = getElement('backend-note');
    note.hidden = !backend?.slow;
    if (!backend?.slow) return;
    const { name, reason } = backend;
    note.textContent = name === 'webgpu' ? TEXTS.train.softwareGpu : TEXTS.train.slow(name, reason);
  }
}
