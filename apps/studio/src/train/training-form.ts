import { formatDuration } from 'unitsphere/report';
import { getElement } from '../dom/get-element.js';
import { h } from '../dom/h.js';
import type { DataSource } from '../state/studio-state.js';
import { TEXTS } from '../texts.js';
import type { StepTimes } from './measured-steps.js';
import type { TrainingPlan } from './plan.js';
import { type Length, presetOf, type Start, type TrainingData } from './presets.js';
import type { TrainingRequest } from './training-request.js';

const LENGTHS: readonly Length[] = ['short', 'default', 'long'];

/** The form of step Train: what to start from, how long, on what, and settings. */
export class TrainingForm {
  readonly #length = getElement<HTMLSelectElement>('preset');
  readonly #backend = getElement<HTMLSelectElement>('backend');
  readonly #settings = getElement<HTMLTextAreaElement>('settings');
  readonly #form = getElement<HTMLFormElement>('controls');
  #drawn = 0;

  constructor(
    readonly source: () => DataSource,
    readonly stepTimes: StepTimes,
  ) {
    for (const name of LENGTHS) this.#length.add(new Option(TEXTS.train.lengths[name], name));
    for (const [name, title] of Object.entries(TEXTS.train.backends))
      this.#backend.add(new Option(title, name));
    this.#form.oninput = () => void this.drawPlan();
  }

  /** Sets the form from the query of the address. */
  read(query: URLSearchParams): void {
    selectOption(this.#length, query.get('preset'));
    selectOption(this.#backend, query.get('backend'));
    const start = query.get('start-from') ?? (query.has('preset') ? 'nothing' : undefined);
    const radio = document.querySelector<HTMLInputElement>(`input[name=start-from][value="${start}"]`);
    if (radio) radio.checked = true;
    const settings = query.getAll('set');
    this.#settings.value = settings.join('\n');
    if (settings.length > 0) getElement<HTMLDetailsElement>('advanced').open = true;
  }

  /** Returns the config and the settings of the training. */
  request(length = this.#length.value as Length): Pick<TrainingRequest, 'yaml' | 'settings'> {
    const start = (new FormData(this.#form).get('start-from') ?? 'shipped') as Start;
    const data: TrainingData = this.source() === 'generator' ? 'generator' : 'pictures';
    const { yaml, settings } = presetOf(data, start, length, navigator.hardwareConcurrency);
    return {
      yaml,
      settings: [...settings, `backend=${this.#backend.value}`, ...readSettings(this.#settings.value)],
    };
  }

  /** Shows what the training will do and how long it takes, as far as its steps have been measured. */
  async drawPlan(): Promise<void> {
    const drawn = ++this.#drawn;
    // Loaded when it is first needed: it comes with the trainer.
    const [{ planTraining }, { describeFailure }] = await Promise.all([
      import('./plan.js'),
      import('../describe-failure.js'),
    ]);
    if (drawn !== this.#drawn) return;
    const about = getElement('about');
    try {
      const plan = planTraining(this.request());
      about.className = 'note';
      about.textContent = describe(plan, this.stepTimes.get(plan.speedKey));
      for (const option of this.#length.options) {
        const { steps, speedKey } = planTraining(this.request(option.value as Length));
        const seconds = this.stepTimes.get(speedKey);
        const title = TEXTS.train.lengths[option.value as Length];
        option.textContent = TEXTS.train.optionTime(
          title,
          steps,
          seconds === undefined ? undefined : formatDuration(steps * seconds),
        );
      }
    } catch (error) {
      const { message, hint } = describeFailure(error);
      about.className = 'caution';
      about.replaceChildren(message, hint ? h('span', {}, ` ${hint}`) : '');
    }
  }

  setDisabled(isDisabled: boolean): void {
    for (const fieldset of this.#form.querySelectorAll('fieldset')) fieldset.disabled = isDisabled;
  }
}

/** Returns the settings of a text: one a line; empty lines and those that begin with # are left out. */
export function readSettings(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim().replace(/^--set\s+/, ''))
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function describe(plan: TrainingPlan, secondsPerStep: number | undefined): string {
  const { train } = TEXTS;
  const parts = [train.plan(plan.steps, plan.batchSize, plan.imageSize)];
  if (plan.documents !== undefined) parts.push(train.planDocuments(plan.documents));
  parts.push(plan.validateEvery === null ? train.planNoValidation : train.planValidation(plan.validateEvery));
  const time =
    secondsPerStep === undefined
      ? train.notMeasured
      : train.measured(formatDuration(plan.steps * secondsPerStep), formatDuration(secondsPerStep));
  return `${parts.join(', ')}. ${time}`;
}

/** Selects the option with a value, if there is one. */
function selectOption(select: HTMLSelectElement, value: string | null): void {
  for (const option of select.options) if (option.value === value) select.value = option.value;
}
